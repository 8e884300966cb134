package import LeaseModel
package import Leasehold
package import Output

extension LeasePage {
    /// A lease, with what the database knows about its resources.
    package init(_ row: LeaseRow, changes: [LeaseChange], _ manager: LeaseManager) throws {
        let scopes: Set<Int64> = [row.mirrored.scopeID]
        let types = Set(row.lease.reservations.map(\.resourceType))
        var held: [String: [String]] = [:]
        func add(_ kind: ResourceKind) throws {
            for resource in try manager.resources(kind, scopes: scopes) {
                for allocation in resource.allocations where allocation.leaseID == row.lease.id {
                    held[allocation.reservationID, default: []].append(resource.resource.name ?? resource.resource.id)
                }
            }
        }
        if types.contains(.host) { try add(.host) }
        if types.contains(.device) { try add(.device) }
        if types.contains(.floatingIP) {
            for address in try manager.floatingIPs(reservedIn: row.mirrored) {
                held[address.reservationID, default: []].append(address.address)
            }
        }
        let networks = types.contains(.floatingIP) ? try manager.networkNames(scopes: scopes) : [:]
        self.init(row: row, changes: changes, held: held, networks: networks)
    }
}

extension LeaseManager {
    /// The names of the known networks, by their ids.
    package func networkNames(scopes: Set<Int64>?) throws -> [String: String] {
        try resources(.network, scopes: scopes).reduce(into: [:]) { $0[$1.resource.id] = $1.resource.name }
    }
}

/// A lease as shown on a terminal.
package struct LeasePage {
    package let row: LeaseRow
    package let changes: [LeaseChange]
    /// What each reservation was observed to hold, by its id: the names of hosts and devices, addresses.
    package let held: [String: [String]]
    /// The names of networks, by their ids.
    package let networks: [String: String]
    /// How it is kept; `nil` if it is not kept.
    package var kept: KeepRule?

    private var lease: BlazarLease { row.lease }
    private var mirrored: MirroredLease { row.mirrored }

    package func page(_ style: OutputStyle) -> TextPage {
        var page = TextPage(style)
        page.line("\(lease.name)   \(standing(style.time))", right: lease.id)
        if !row.isUndated { page.field("time", span(style.time)) }
        page.field("owner", owner)
        if lease.isDegraded == true { page.field("degraded", "yes: something that it reserves is missing") }
        for write in mirrored.pending {
            page.field(
                "queued", WriteText(mutation: write, time: style.time).change,
                right: "leasehold queue show \(write.id)")
        }
        if let kept {
            let text = KeepText(rule: kept, now: row.now, time: style.time)
            page.field("kept", "until \(style.time.moment(kept.until)): \(text.standing)")
        }
        addReservations(to: &page)
        addHistory(to: &page, style)
        return page
    }

    /// Its status and what comes next: `ACTIVE, ends in 2 d`.
    package func standing(_ time: TimeText) -> String {
        let status = lease.status.rawValue
        if let removal = mirrored.removal {
            let how =
                switch removal.reason {
                case .deleted: "deleted"
                case .outOfScope: "no longer visible to this project"
                case .unlisted: "no longer listed"
                }
            let span = time.period(from: removal.after, to: removal.before)
            return "\(how) (\(span)), \(status) before"
        }
        guard !mirrored.isDraft else { return "\(status), not sent yet" }
        let (start, end) = (lease.startsAt, lease.endsAt)
        if start > row.now { return "\(status), starts \(TimeText.relative(start, to: row.now))" }
        return "\(status), \(end > row.now ? "ends" : "ended") \(TimeText.relative(end, to: row.now))"
    }

    /// Its period and length.
    package func span(_ time: TimeText) -> String {
        let length = TimeText.duration(seconds: lease.endsAt.seconds(since: lease.startsAt))
        return "\(time.period(from: lease.startsAt, to: lease.endsAt)) (\(length))"
    }

    /// Its user, project and site.
    package var owner: String {
        let user = mirrored.userName ?? lease.userID
        let project = mirrored.projectName ?? lease.projectID
        return "\(user), \(project) at \(mirrored.site)"
    }

    private func addReservations(to page: inout TextPage) {
        guard !lease.reservations.isEmpty else {
            page.line(mirrored.isOutline ? "Reservations: not known" : "No reservations")
            return
        }
        page.line("Reservations")
        for reservation in lease.reservations {
            let text = ReservationText(reservation: reservation, networks: networks)
            var words = [text.what, text.requirement, reservation.status.rawValue].filter { !$0.isEmpty }
            words.append(String(reservation.id.prefix(8)))
            page.line(words.joined(separator: "    "), indent: 2)
            if let names = held[reservation.id], !names.isEmpty {
                page.line(names.joined(separator: ", "), indent: 4)
            }
        }
    }

    private func addHistory(to page: inout TextPage, _ style: OutputStyle) {
        let history = HistoryPage(changes: changes, time: style.time)
        let events = history.events
        guard !events.isEmpty else { return }
        let shown = events.suffix(3)
        page.line(
            shown.count == events.count
                ? "History" : "History (\(shown.count) of \(events.count); all: leasehold history \(quotedName))")
        page.columns(history.rows(shown))
    }

    private var quotedName: String { ShellWord.quoted(lease.name) }
}
