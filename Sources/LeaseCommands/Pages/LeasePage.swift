import LeaseModel
import Leasehold
import Output

/// A lease as shown on a terminal.
struct LeasePage {
    let row: LeaseRow
    let changes: [LeaseChange]
    /// What each reservation was observed to hold, by its id: the names of hosts and devices, addresses.
    let held: [String: [String]]
    /// The names of networks, by their ids.
    let networks: [String: String]

    private var lease: BlazarLease { row.lease }
    private var mirrored: MirroredLease { row.mirrored }

    func page(_ style: OutputStyle) -> TextPage {
        var page = TextPage(style)
        page.line("\(lease.name)   \(standing(style.time))", right: lease.id)
        page.field("time", span(style.time))
        page.field("owner", owner)
        if lease.isDegraded == true { page.field("degraded", "yes: something that it reserves is missing") }
        for write in mirrored.pending {
            page.field(
                "queued", WriteText(mutation: write, time: style.time).change,
                right: "leasehold queue show \(write.id)")
        }
        addReservations(to: &page)
        addHistory(to: &page, style)
        return page
    }

    private func standing(_ time: TimeText) -> String {
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

    private func span(_ time: TimeText) -> String {
        let length = TimeText.duration(seconds: lease.endsAt.seconds(since: lease.startsAt))
        return "\(time.period(from: lease.startsAt, to: lease.endsAt)) (\(length))"
    }

    private var owner: String {
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

/// Describes a reservation.
struct ReservationText {
    let reservation: Reservation
    var networks: [String: String] = [:]

    /// The number and kind of resources: `2 × host`, `1 to 2 × host`, `1 × floating IP on public`.
    var what: String {
        let noun: String
        switch reservation.resourceType {
        case .host: noun = "host"
        case .device: noun = "device"
        case .floatingIP:
            let network = reservation.fields["network_id"]?.stringValue.map { networks[$0] ?? String($0.prefix(8)) }
            noun = "floating IP" + (network.map { " on \($0)" } ?? "")
        case .instance, .flavor: noun = "instance"
        case .network:
            let name = reservation.fields["network_name"]?.stringValue
            return "network" + (name.map { " \($0)" } ?? "")
        case .other(let word): noun = word
        }
        guard let most = reservation.maximumCount ?? reservation.amount else { return noun }
        guard let least = reservation.minimumCount, least != most else { return "\(most) × \(noun)" }
        return "\(least) to \(most) × \(noun)"
    }

    /// Its requirements: `node_type = compute_skylake`.
    var requirement: String {
        guard let text = reservation.resourceProperties, !text.isEmpty else { return "" }
        guard let properties = try? ResourceProperties(parsing: text) else { return text }
        return properties.conditions.map { condition in
            let sign = condition.comparison == .equal ? "=" : condition.comparison.rawValue
            return "\(condition.property) \(sign) \(condition.value.plain)"
        }.joined(separator: ", ")
    }
}

extension ReservationText {
    /// A reservation that has only been requested.
    init(requesting fields: JSONObject) {
        reservation = Reservation(requesting: fields, id: "", leaseID: nil, status: ReservationStatus(rawValue: ""))
    }

    /// The number and kind of resources, and all requirements.
    var all: String {
        let told: Set = ["min", "max", "amount", "resource_properties"]
        let others = reservation.fields.members.filter { !told.contains($0.key) && ![.null, ""].contains($0.value) }
        return ([what, requirement].filter { !$0.isEmpty } + others.map { "\($0.key) = \($0.value.plain)" })
            .joined(separator: "    ")
    }
}

/// Words in a shell's syntax.
enum ShellWord {
    /// The word, quoted if necessary.
    static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "=,._-:/@+".utf8.contains(byte)
            }
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
