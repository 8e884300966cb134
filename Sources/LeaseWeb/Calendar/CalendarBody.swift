import LeaseModel
import LeaseReports
import LeaseText
import Leasehold
import Output

/// Writes the rows of a calendar's table.
///
/// A page ends after a number of bytes rather than rows, so that it stays small however much happens in them.
struct CalendarBody {
    /// The size from which a page takes no more rows, in bytes. The frame around them needs up to 20 kB.
    static let enough = 70_000
    /// The most rows of resources that a page has.
    static let rows = 80
    /// The most leases of a site that does not say who holds its resources.
    static let leases = 50

    let address: CalendarAddress
    let request: WebRequest
    private(set) var text = ""
    /// What the next page begins after; `nil` if this is the last.
    private(set) var next: String?
    /// What a reader must know about what is shown.
    private(set) var remarks: [String] = []
    private(set) var count = 0
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
        let isMine = address.filters["mine"] != nil
        let counts = Dictionary(
            answer.groups.map { ([$0.site, $0.group], $0.count) }, uniquingKeysWith: { first, _ in first })
        var start = 0
        while start < answer.rows.count, next == nil {
            let key = Self.key(answer.rows[start])
            let end = answer.rows[start...].firstIndex { Self.key($0) != key } ?? answer.rows.count
            let rows = answer.rows[start..<end]
            beginGroup(groupTitle(key), note: groupNote(rows, of: counts[key] ?? rows.count))
            for row in rows {
                guard text.utf8.count < Self.enough else {
                    next = answer.rows[max(0, start - 1)].position.asQuery
                    break
                }
                var holds = CalendarHolds.holds(row, answer.leases, now: request.now)
                if isMine { holds.removeAll { $0.holder != .own } }
                start += 1
                add(row, holds, answer.leases, offersGaps: !isMine)
            }
            endGroup()
        }
        if next == nil, answer.hasMore, let last = answer.rows.last { next = last.position.asQuery }
        guard next == nil else { return }
        for site in answer.silentSites { try add(site) }
    }

    private static func key(_ row: ResourceOccupancy.Row) -> [String] { [row.position.site, row.position.group] }

    private func groupTitle(_ key: [String]) -> String {
        "\(key[0]) · \(key[1].isEmpty ? "without a type" : key[1])"
    }

    /// How many there are, and how many are free now if all of them are shown.
    private func groupNote(_ rows: ArraySlice<ResourceOccupancy.Row>, of count: Int) -> String {
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

    private mutating func add(
        _ row: ResourceOccupancy.Row, _ holds: [OccupancyHold], _ leases: [OccupyingLease], offersGaps: Bool
    ) {
        let position = row.position
        let isOffered = offersGaps && row.goneBefore == nil && row.isReservable && !request.isReadOnly
        let page = self
        let lane = lane { isOffered ? page.request.link("/new", page.draft(position, $0)) : nil }
        let state = row.goneBefore != nil ? "not listed any more" : row.isReservable ? nil : "not reservable"
        addRow(position.name, note: state, lane.svg(holds, leases))
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
        filter.statuses = [.queued]
        let drafts = try request.manager.leasePage(filter, limit: 0).leases
        guard !drafts.isEmpty else { return }
        beginGroup("Queued here", note: "\(drafts.count == 1 ? "1 lease" : "\(drafts.count) leases"), no host yet")
        for draft in drafts.prefix(Self.leases) { add(draft) }
        endGroup()
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
        let page = try request.manager.leasePage(filter, limit: Self.leases)
        let leases = page.leases.filter { !$0.isDraft }
        beginGroup("\(site.site) · your leases", note: leases.isEmpty ? "none in this period" : "")
        for lease in leases { add(lease) }
        endGroup()
        if page.hasMore { remarks.append("\(site.site) has more leases than these: see the calendar of leases.") }
    }

    /// Adds a page of leases.
    mutating func add(_ page: (leases: [MirroredLease], hasMore: Bool)) {
        let groups: [(title: String, leases: [MirroredLease])] = [
            ("Queued here", page.leases.filter(\.isDraft)),
            ("Yours", page.leases.filter { $0.isMine && !$0.isDraft }),
            ("Of your projects", page.leases.filter { !$0.isMine && !$0.isDraft }),
        ]
        var last: String?
        var isFull = false
        for (title, leases) in groups where !leases.isEmpty && !isFull {
            beginGroup(title, note: "")
            for lease in leases {
                guard text.utf8.count < Self.enough else {
                    isFull = true
                    break
                }
                add(lease)
                if !lease.isDraft { last = lease.id }
            }
            endGroup()
        }
        if isFull || page.hasMore { next = last }
    }

    private mutating func add(_ lease: MirroredLease) {
        let holds = CalendarHolds.holds(lease, number: 0, now: request.now)
        let row = LeaseRow(lease, now: request.now)
        let label = row.shortResources
        addRow(
            lease.lease.name, note: lease.removal == nil ? nil : "removed",
            lane().svg(holds, [OccupyingLease(lease)], label: label), link: request.link(lease: lease.id))
    }

    // MARK: - Markup

    private mutating func beginGroup(_ title: String, note: String) {
        text +=
            "<tbody><tr class=\"group\"><th colspan=\"2\" scope=\"rowgroup\">\(title.escapedForHTML)"
            + "<span class=\"muted\"> \(note.escapedForHTML)</span></th></tr>\n"
    }

    private mutating func endGroup() { text += "</tbody>\n" }

    private mutating func addRow(_ name: String, note: String?, _ svg: String, link: String? = nil) {
        count += 1
        let shown = String(name.prefix(80)).escapedForHTML
        let words = link.map { "<a href=\"\($0.escapedForHTML)\">\(shown)</a>" } ?? shown
        let remark = note.map { "<span class=\"muted\"> \($0)</span>" } ?? ""
        text += "<tr data-row data-key=\"\(count)\"><th scope=\"row\">\(words)\(remark)</th><td>\(svg)</td></tr>\n"
    }
}
