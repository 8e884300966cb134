import LeaseModel
import LeaseReports
import LeaseText
import Leasehold
import Output

/// Writes the rows of a calendar's table.
///
/// A page ends after a number of bytes rather than rows, so that it stays small however much happens in them.
struct CalendarBody {
    /// The most bytes of a page's rows. The frame around them needs up to 20 kB.
    static let enough = 75_000
    /// The most rows that a page has.
    static let rows = 80
    /// The most queued leases beside rows of resources.
    static let queued = 20
    /// The most leases of a site that does not say who holds its resources.
    static let leases = 50
    /// What a page comes after that begins with the first resource, and has nothing before it.
    static let start = "start"

    let address: CalendarAddress
    let request: WebRequest
    private(set) var text = ""
    /// What the next page begins after; `nil` if this is the last.
    private(set) var next: String?
    /// What a reader must know about what is shown.
    private(set) var remarks: [String] = []
    private(set) var count = 0
    /// The group to which the last row belongs; `nil` before the first.
    private var group: String?
    /// A cloud of each site, for drafts.
    private let clouds: [String: String]

    init(_ address: CalendarAddress, _ request: WebRequest) throws {
        self.address = address
        self.request = request
        let scopes = try request.manager.scopes().filter { request.scopes?.contains($0.id) ?? true }
        clouds = Dictionary(scopes.compactMap { scope in scope.clouds.first.map { (scope.site, $0) } }) { first, _ in
            first
        }
    }

    private func lane(_ draft: @escaping (Range<Timestamp>) -> String? = { _ in nil }) -> CalendarLane {
        CalendarLane(
            window: address.window, now: request.now, time: request.time, draft: draft,
            zoom: { address.link(address.fields(widened($0))) }, leaseLink: { request.link(lease: $0) })
    }

    /// A period to look at more closely, with a little of what is around it.
    private func widened(_ span: Range<Timestamp>) -> Range<Timestamp> {
        let length = max(3_600, span.upperBound.seconds(since: span.lowerBound))
        let start = span.lowerBound.adding(seconds: -length / 4).truncatedToMinute
        let end = span.upperBound.adding(seconds: length / 4).truncatedToMinute.adding(seconds: 60)
        return start..<end
    }

    // MARK: - Rows of resources

    /// Adds the resources of a page, and the leases of sites that do not say who holds theirs.
    mutating func add(_ answer: ResourceOccupancy, isFirstPage: Bool) throws {
        if isFirstPage { try addQueued() }
        let counts = Dictionary(
            answer.groups.map { ([$0.site, $0.group], $0.count) }, uniquingKeysWith: { first, _ in first })
        let notes = Dictionary(grouping: answer.rows, by: Self.key).map { key, rows in
            (key, groupNote(rows, of: counts[key] ?? rows.count))
        }
        let noteOfGroup = Dictionary(notes) { first, _ in first }
        var last: ResourcePosition?
        for row in answer.rows {
            let key = Self.key(row)
            guard add(line(row, answer.leases), to: groupTitle(key), note: noteOfGroup[key] ?? "") else {
                next = last?.asQuery ?? Self.start
                break
            }
            last = row.position
        }
        if next == nil, answer.hasMore { next = last?.asQuery }
        if next == nil { for site in answer.silentSites { try add(site) } }
        endGroup()
    }

    private static func key(_ row: ResourceOccupancy.Row) -> [String] { [row.position.site, row.position.group] }

    private func groupTitle(_ key: [String]) -> String {
        "\(key[0]) · \(key[1].isEmpty ? "without a type" : key[1])"
    }

    /// How many there are, and how many are free now if all of them are shown.
    private func groupNote(_ rows: [ResourceOccupancy.Row], of count: Int) -> String {
        let noun = address.rows == .device ? "device" : "host"
        var note = "\(count) \(noun)\(count == 1 ? "" : "s")"
        if rows.count == count, address.window.span.contains(request.now) {
            let free = rows.count { row in
                row.goneBefore == nil && row.isReservable && !row.holds.contains { $0.span.contains(request.now) }
            }
            note += ", \(free) free now"
        }
        return note
    }

    /// A row of a resource.
    private func line(_ row: ResourceOccupancy.Row, _ leases: [OccupyingLease]) -> String {
        let isMine = address.filters["mine"] != nil
        var holds = CalendarHolds.holds(row, leases, now: request.now)
        if isMine { holds.removeAll { $0.holder != .own } }
        let position = row.position
        let isOffered = !isMine && row.goneBefore == nil && row.isReservable && !request.isReadOnly
        let lane = lane { isOffered ? request.link("/new", draft(position, $0)) : nil }
        let state = row.goneBefore != nil ? "not listed any more" : row.isReservable ? nil : "not reservable"
        return line(position.name, note: state, lane.svg(holds, leases))
    }

    /// The fields of a draft for a gap, as the form of a new lease has them.
    private func draft(_ position: ResourcePosition, _ span: Range<Timestamp>) -> WebFields {
        let isSoon = span.lowerBound.seconds(since: request.now) <= 60
        let (amount, type) =
            address.rows == .device ? ("device_amount", "machine_type") : ("node_amount", "node_type")
        return WebFields([
            ("cloud", clouds[position.site] ?? ""), (amount, "1"), (type, position.group),
            ("start", isSoon ? "now" : request.time.short(span.lowerBound)),
            ("end", request.time.short(span.upperBound)),
        ])
    }

    // MARK: - Rows of leases

    /// Adds the creations that wait in the queue: no host is known for them.
    private mutating func addQueued() throws {
        var filter = address.leases(scopes: nil)
        filter.statuses = [.queued, .waiting]
        let page = try request.manager.page(filter, sort: LeaseSort(.calendar), limit: Self.queued)
        let note = "\(page.queuedCount == 1 ? "1 lease" : "\(page.queuedCount) leases"), no host yet"
        for lease in page.leases where !add(line(lease), to: "Queued here", note: note) { break }
        if count < page.queuedCount {
            remarks.append("More leases are queued than these \(count): see the calendar of leases.")
        }
    }

    private mutating func add(_ site: ResourceOccupancy.SilentSite) throws {
        let noun = address.rows == .device ? "devices" : "hosts"
        let reason =
            switch site.reason {
            case .forbidden: "does not let its members see who holds its \(noun)"
            case .notOffered: "does not report who holds its \(noun)"
            case .failed: "failed to report who holds its \(noun)"
            case .notAsked: "has not been asked who holds its \(noun)"
            }
        remarks.append("\(site.site) \(reason): only the leases that you may see are shown.")
        var filter = address.leases(scopes: site.scopes)
        filter.resourceTypes = [address.rows == .device ? .device : .host]
        // The queued ones are shown already, and come first.
        let queued = try request.manager.page(filter, sort: LeaseSort(.calendar), limit: 0).queuedCount
        let page = try request.manager.page(filter, sort: LeaseSort(.calendar), limit: queued + Self.leases)
        let leases = page.leases.filter { !$0.isDraft }
        let title = "\(site.site) · your leases"
        guard !leases.isEmpty else { return beginGroup(title, note: "none in this period") }
        let before = count
        for lease in leases where !add(line(lease), to: title, note: "") { break }
        if page.next != nil || count - before < leases.count {
            remarks.append("\(site.site) has more leases than these: see the calendar of leases.")
        }
    }

    /// Adds a page of leases.
    mutating func add(_ page: LeaseListPage) {
        var last: LeasePosition?
        for (lease, position) in zip(page.leases, page.positions) {
            let title = lease.isDraft ? "Queued here" : lease.isMine ? "Yours" : "Of your projects"
            guard add(line(lease), to: title, note: "") else { break }
            last = position
        }
        endGroup()
        if last != page.positions.last || page.next != nil { next = last?.text }
    }

    /// A row of a lease.
    private func line(_ lease: MirroredLease) -> String {
        let holds = CalendarHolds.holds(lease, number: 0, now: request.now)
        let label = LeaseRow(lease, now: request.now).shortResources
        return line(
            lease.lease.name, note: lease.removal == nil ? nil : "removed",
            lane().svg(holds, [OccupyingLease(lease)], label: label), link: request.link(lease: lease.id))
    }

    // MARK: - Markup

    /// Adds a row to a group, which begins with it if it is another one than before.
    ///
    /// - Returns: whether there was room for it. A page has one row at least.
    private mutating func add(_ line: String, to title: String, note: String) -> Bool {
        guard count == 0 || text.utf8.count + line.utf8.count <= Self.enough else { return false }
        beginGroup(title, note: note)
        count += 1
        text += "<tr data-row data-key=\"\(count)\">\(line)</tr>\n"
        return true
    }

    private mutating func beginGroup(_ title: String, note: String) {
        guard group != title else { return }
        endGroup()
        group = title
        text +=
            "<tbody><tr class=\"group\"><th colspan=\"2\" scope=\"rowgroup\">\(title.escapedForHTML)"
            + "<span class=\"muted\"> \(note.escapedForHTML)</span></th></tr>\n"
    }

    private mutating func endGroup() {
        if group != nil { text += "</tbody>\n" }
        group = nil
    }

    private func line(_ name: String, note: String?, _ svg: String, link: String? = nil) -> String {
        let shown = String(name.prefix(80)).escapedForHTML
        let words = link.map { "<a href=\"\($0.escapedForHTML)\">\(shown)</a>" } ?? shown
        let remark = note.map { "<span class=\"muted\"> \($0)</span>" } ?? ""
        return "<th scope=\"row\">\(words)\(remark)</th><td>\(svg)</td>"
    }
}
