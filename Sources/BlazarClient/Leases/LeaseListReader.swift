internal import LeaseModel
internal import OpenStackClient

/// Reads a list of leases as it arrives, a batch at a time.
///
/// ```swift
/// var reader = try await blazar.leases()
/// while true {
///     switch try await reader.next() {
///     case .batch(let slices): …
///     case .end(let summary): …   // only now does the list count
///     }
/// }
/// ```
package struct LeaseListReader {
    /// How many leases, or bytes of leases, make a batch.
    static var batchCount: Int { 256 }
    static var batchBytes: Int { 1 << 20 }

    private let reply: ServiceReply
    private var parts: HTTPBody.AsyncIterator
    private var cutter = LeaseListCutter()
    private var hasEnded = false

    init(reply: ServiceReply) {
        self.reply = reply
        parts = reply.http.body.makeAsyncIterator()
    }

    /// The next leases, or the end.
    ///
    /// - Throws: ``LeaseListFailure`` if the list turns out not to be whole; then nothing of it counts.
    package mutating func next(
        isolation: isolated (any Actor)? = #isolation
    ) async throws(LeaseListFailure) -> LeaseListStep {
        var batch: [LeaseSlice] = []
        var bytes = 0
        while !hasEnded, batch.count < Self.batchCount, bytes < Self.batchBytes {
            let part: [UInt8]?
            do {
                part = try await parts.next(isolation: isolation)
            } catch {
                throw .notAsked(
                    ServiceError(
                        kind: .transport(error.kind, error.phase),
                        message: "The list of leases (\(reply.requestLine)) broke off: \(error). "
                            + "Nothing was changed; try again.",
                        requestID: reply.requestID))
            }
            do {
                guard let part else {
                    try cutter.finish()
                    hasEnded = true
                    continue
                }
                let slices = try cutter.consume(part)
                bytes += slices.reduce(0) { $0 + $1.bytes.count }
                batch += slices
            } catch {
                throw .notAList(error, requestLine: reply.requestLine, requestID: reply.requestID)
            }
        }
        return batch.isEmpty ? .end(summary) : .batch(batch)
    }

    private var summary: LeaseListSummary {
        LeaseListSummary(
            byteCount: cutter.byteCount, leaseCount: cutter.leaseCount, lastID: cutter.lastID,
            nextQuery: cutter.nextQuery,
            serverDate: reply.serverDate.flatMap(HTTPDate.parse), requestID: reply.requestID,
            requestLine: reply.requestLine)
    }
}
