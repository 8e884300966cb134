internal import LeaseModel

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
