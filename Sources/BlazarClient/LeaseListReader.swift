package import LeaseModel
package import OpenStackClient

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

/// What the next step of reading a list gave.
package enum LeaseListStep: Sendable, Hashable {
    /// Leases, in the list's order.
    case batch([LeaseSlice])
    /// The list has ended and was whole.
    case end(LeaseListSummary)
}

/// A list of leases that was read to its end.
package struct LeaseListSummary: Sendable, Hashable {
    /// The size of the body.
    package let byteCount: Int
    package let leaseCount: Int
    /// The id of the last lease.
    package let lastID: String?
    /// The query that the link to the next page has.
    package let nextQuery: String?
    /// The server's clock when it began to answer.
    package let serverDate: Timestamp?
    package let requestID: String?
    /// The request as a person would name it.
    package let requestLine: String
}

/// Why there is no list of leases that counts.
package enum LeaseListFailure: Error, Sendable, Hashable {
    /// The cloud could not be asked, or its answer broke off.
    case notAsked(ServiceError)
    /// The answer is a refusal, or not a 200 with JSON.
    case refused(ServerFailure)
    /// The answer is a 200 with JSON by its head, but its body is not a whole list.
    case notAList(LeaseListError, requestLine: String, requestID: String?)

    /// The failure as a person reads it: why, the request, and what to do.
    ///
    /// - Parameter operation: what was tried.
    /// - Returns: a sentence or two.
    package func sentence(operation: String = "listing the leases") -> String {
        switch self {
        case .notAsked(let error): return error.message
        case .refused(let failure): return failure.sentence(operation: operation)
        case .notAList(let error, let requestLine, let requestID):
            let request = [requestLine, "status 200", requestID ?? "no request id"].joined(separator: ", ")
            return "\(operation) failed: the answer cannot be used, \(error) (\(request)). "
                + "Nothing was changed; try again, and check for a proxy in between if it stays."
        }
    }
}

/// Finds its way through a list of leases that may come in pages.
///
/// Upstream Blazar ignores the query and answers with the whole list; newer servers of Chameleon know `limit` and
/// `marker`, and may cut the list without being asked to. Which of the two it is shows in the first answer, so that a
/// server without pages is asked once: the first request is for one lease, and an answer with more is the whole list.
/// After an answer of one lease the second request is for one too, so that a lease which is made meanwhile on a server
/// without pages is not taken for a page that repeats another.
///
/// With links (`leases_links`) the page without one is the last. Without links only an empty page is.
package struct LeasePager: Sendable {
    /// How many leases a page shall have. A server may give fewer.
    private static var pageSize: Int { 1_000 }

    private let allProjects: Bool
    private var limit: Int? = 1
    private var position = ""
    private var asked: Set<String> = []
    private var pages = 0
    private var hasLinks = false

    /// - Parameter allProjects: whether the token sees every project: newer servers show them only when asked to.
    package init(allProjects: Bool) { self.allProjects = allProjects }

    /// The query of the page to ask for.
    package var query: String {
        var parts: [String] = []
        if allProjects { parts.append("all_tenants=True") }
        if let limit { parts.append("limit=\(limit)") }
        if !position.isEmpty { parts.append(position) }
        return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }

    /// Leaves `limit` out, for a server that refuses it.
    ///
    /// - Returns: whether there is anything left to try.
    package mutating func simplify() -> Bool {
        guard limit != nil else { return false }
        limit = nil
        return true
    }

    /// Goes on behind a page that was read to its end.
    ///
    /// - Parameters:
    ///   - page: the page.
    ///   - new: how many of its leases were on no page before.
    /// - Returns: whether there is another page.
    /// - Throws: ``LeaseListError`` if the pages lead nowhere.
    package mutating func advance(after page: LeaseListSummary, new: Int) throws(LeaseListError) -> Bool {
        pages += 1
        defer { if limit != nil, pages > 1 || hasLinks { limit = Self.pageSize } }
        if let link = page.nextQuery {
            hasLinks = true
            let next = Self.position(link)
            guard new > 0, !next.isEmpty, asked.insert(next).inserted else { throw .pagesRepeat(page: pages) }
            position = next
            return true
        }
        guard !hasLinks, page.leaseCount > 0, let last = page.lastID else { return false }
        // A server that gives more than it was asked for knows no pages. One that refuses a limit might know them.
        if limit == 1, page.leaseCount > 1 { return false }
        if new == 0 {
            // A list of one lease looks alike on both.
            if pages == 2, page.leaseCount == 1 { return false }
            // Without a limit the whole list comes again from a server that knows no marker.
            if pages == 2, limit == nil { return false }
            throw .pagesRepeat(page: pages)
        }
        guard pages == 1 || new == page.leaseCount else { throw .pagesRepeat(page: pages) }
        position = "marker=" + URLText.encoded(last)
        guard asked.insert(position).inserted else { throw .pagesRepeat(page: pages) }
        return true
    }

    /// Where a link leads, without what every request says anyway.
    private static func position(_ query: String) -> String {
        query.split(separator: "&").filter { !$0.hasPrefix("limit=") && !$0.hasPrefix("all_tenants=") }
            .joined(separator: "&")
    }
}
