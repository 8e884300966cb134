package import LeaseModel
package import OpenStackClient

/// Reads a list of leases in batches while it arrives.
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
    /// The size of a batch: a number of leases, or of bytes of leases.
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

    /// Returns the next leases, or the end of the list.
    ///
    /// - Throws: ``LeaseListFailure`` if the list turns out to be incomplete. No part of it counts then.
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

/// The result of one step of reading a list.
package enum LeaseListStep: Sendable, Hashable {
    /// Leases, in the order of the list.
    case batch([LeaseSlice])
    /// The list has ended and is complete.
    case end(LeaseListSummary)
}

/// A summary of a list that was read to its end.
package struct LeaseListSummary: Sendable, Hashable {
    /// The size of the body, in bytes.
    package let byteCount: Int
    package let leaseCount: Int
    /// The id of the last lease.
    package let lastID: String?
    /// The query of the link to the next page; `nil` if there is no link.
    package let nextQuery: String?
    /// The server's time when it began to answer.
    package let serverDate: Timestamp?
    package let requestID: String?
    /// The request in readable form, without secrets.
    package let requestLine: String
}

/// Why there is no usable list of leases.
package enum LeaseListFailure: Error, Sendable, Hashable {
    /// The cloud could not be asked, or its answer broke off.
    case notAsked(ServiceError)
    /// The answer is a refusal, or is not a 200 with JSON.
    case refused(ServerFailure)
    /// The answer is a 200 with JSON according to its headers, but its body is not a complete list.
    case notAList(LeaseListError, requestLine: String, requestID: String?)

    /// The failure in words for people: why, the request, and what to do.
    ///
    /// - Parameter operation: what was attempted.
    /// - Returns: one or two sentences.
    package func sentence(operation: String = "listing the leases") -> String {
        switch self {
        case .notAsked(let error): return error.message
        case .refused(let failure): return failure.sentence(operation: operation)
        case .notAList(let error, let requestLine, let requestID):
            let request = [requestLine, "status 200", requestID ?? "no request id"].joined(separator: ", ")
            return "\(operation) failed: the answer cannot be used, \(error) (\(request)). "
                + "Nothing was changed. Try again; if it keeps failing, check for a proxy in between."
        }
    }
}

/// Follows the pages of a list of leases, if there are any.
///
/// Upstream Blazar ignores the query and returns the whole list. Newer servers of Chameleon know `limit` and `marker`,
/// and may cut the list without being asked to. The first answer shows which kind of server it is, so a server without
/// pages is asked only once. The first request is for one lease, and an answer with more than one is the whole list. If
/// the answer has one lease, the second request is also for one. So a lease that is created in the meantime on a server
/// without pages is not taken for a page that repeats another.
///
/// With links (`leases_links`), the page without a link is the last one. Without links, only an empty page is.
package struct LeasePager: Sendable {
    /// The requested number of leases per page. A server may return fewer.
    private static var pageSize: Int { 1_000 }

    private let allProjects: Bool
    private var limit: Int? = 1
    private var position = ""
    private var asked: Set<String> = []
    private var pages = 0
    private var hasLinks = false

    /// - Parameter allProjects: whether the token sees all projects. Newer servers list them only on request.
    package init(allProjects: Bool) { self.allProjects = allProjects }

    /// The query of the next page to request.
    package var query: String {
        var parts: [String] = []
        if allProjects { parts.append("all_tenants=True") }
        if let limit { parts.append("limit=\(limit)") }
        if !position.isEmpty { parts.append(position) }
        return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }

    /// Omits `limit`, for a server that refuses it.
    ///
    /// - Returns: whether there is anything left to try.
    package mutating func simplify() -> Bool {
        guard limit != nil else { return false }
        limit = nil
        return true
    }

    /// Advances past a page that was read to its end.
    ///
    /// - Parameters:
    ///   - page: the page.
    ///   - new: how many of its leases were on no earlier page.
    /// - Returns: whether there is another page.
    /// - Throws: ``LeaseListError`` if the pages do not advance.
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
        // A server that returns more than the limit knows no pages. A server that refuses a limit might know them.
        if limit == 1, page.leaseCount > 1 { return false }
        if new == 0 {
            // A list of one lease looks the same on both kinds of server.
            if pages == 2, page.leaseCount == 1 { return false }
            // Without a limit, a server that knows no marker returns the whole list again.
            if pages == 2, limit == nil { return false }
            throw .pagesRepeat(page: pages)
        }
        guard pages == 1 || new == page.leaseCount else { throw .pagesRepeat(page: pages) }
        position = "marker=" + URLText.encoded(last)
        guard asked.insert(position).inserted else { throw .pagesRepeat(page: pages) }
        return true
    }

    /// The position in a link: its query without the parameters that every request has.
    private static func position(_ query: String) -> String {
        query.split(separator: "&").filter { !$0.hasPrefix("limit=") && !$0.hasPrefix("all_tenants=") }
            .joined(separator: "&")
    }
}
