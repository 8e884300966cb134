package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold show`
package struct LeaseShow: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a lease: its reservations, events, queued writes and history.",
        usage: "leasehold show <lease> [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold show mylease
              leasehold show 5d68f3de -f json
              leasehold show mylease -c end_date -f value
              leasehold show mylease --at '2026-03-01 12:00'
            """))

    @Argument(
        help: ArgumentHelp("The lease: its name, its id, or the beginning of its id.", valueName: "lease"),
        completion: .values(.leases))
    var reference: String
    @Option(
        name: .customLong("at"), parsing: .unconditional,
        help: ArgumentHelp("As it was known at this time.", valueName: "time"))
    var knownAt: String?
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    /// Warns that the answer will not change: this command does not sync, so a script that repeats it until a lease is
    /// active would wait forever.
    private func remarkAge(_ lease: MirroredLease, _ console: inout Console) {
        let output = reading.output
        let age = console.now().seconds(since: lease.lastSeenAt)
        guard !reading.refreshes, !output.isQuiet, !output.format.isForPeople, !lease.isDraft, lease.removal == nil,
            lease.lease.status.isPassing, age >= 120
        else { return }
        console.remark(
            "leasehold: '\(lease.lease.name)' was read \(TimeText.duration(seconds: age)) ago, and this command "
                + "does not read it again. To wait for it: leasehold wait. To read it now: --refresh.")
    }

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let knownAt = try knownAt.map { try reading.pastMoment($0, option: "--at", console) }
        let lease =
            if let knownAt {
                try manager.state(of: reference, at: knownAt, scopes: scopes)
            } else {
                try manager.lease(reference, scopes: scopes)
            }
        let now = knownAt ?? console.now()
        let changes = lease.isDraft ? [] : try manager.lifeline(LeaseCandidate(lease)).filter { $0.observedAt <= now }
        let detail = LeaseDetail(row: LeaseRow(lease, now: now), changes: changes)
        if reading.isPage(console) {
            let page = try LeasePage(detail.row, changes: changes, manager).page(reading.style(console))
            try reading.write(page, &console)
            try reading.remarkFreshness(
                manager, scopes: [lease.scopeID], knownAt: knownAt, more: "Every field: -f yaml", &console)
            return
        }
        try reading.show(detail, LeaseDetail.columns, &console)
        if reading.output.format == .table, reading.output.columnNames.isEmpty {
            try detail.writeSections(reading.style(console), to: &console.output)
        }
        try reading.remarkFreshness(manager, scopes: [lease.scopeID], knownAt: knownAt, &console)
        if knownAt == nil { remarkAge(lease, &console) }
    }
}

extension LeaseStatus {
    /// Whether the site is about to change the status.
    fileprivate var isPassing: Bool { ![.active, .terminated, .error].contains(self) }
}

extension LeasePage {
    /// A lease, with what the database knows about its resources.
    init(_ row: LeaseRow, changes: [LeaseChange], _ manager: LeaseManager) throws {
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
    func networkNames(scopes: Set<Int64>?) throws -> [String: String] {
        try resources(.network, scopes: scopes).reduce(into: [:]) { $0[$1.resource.id] = $1.resource.name }
    }
}

/// A lease and everything known about it, as the result of `show`.
struct LeaseDetail: Sendable {
    let row: LeaseRow
    /// Its observed changes, the oldest first; `nil` if they were not read.
    var changes: [LeaseChange]?
    private var lease: MirroredLease { row.mirrored }

    /// The fields in every format. Those that a table shows in separate sections are only for programs.
    static let columns: [Column<LeaseDetail>] =
        (LeaseRow.columns.filter { $0.key == "id" } + LeaseRow.columns.filter { !["id", "resources"].contains($0.key) })
        .map { column in
            let isForPrograms = ["reservations", "events", "queued", "queue", "mine", "extra"].contains(column.key)
            return Column(
                column.key, visibility: isForPrograms ? .structured : .always, isShrinkable: column.isShrinkable
            ) { column.cell($0.row) }
        } + [
            Column("history", visibility: .structured) { detail in
                guard let changes = detail.changes else { return .missing }
                return .json(.array(changes.flatMap { ChangeRow.rows(of: $0, syncedAt: nil) }.map(\.summary)))
            }
        ]

    /// Writes the sections that a table shows below the fields: reservations, events, queued writes and history.
    func writeSections(_ style: OutputStyle, to sink: inout some TextSink) throws {
        try section("Reservations", lease.lease.reservations, ReservationRow.section, style, to: &sink)
        try section("Events", lease.lease.events, Self.eventColumns, style, to: &sink)
        try section("Queue", lease.pending.map { QueueRow(mutation: $0) }, QueueRow.section, style, to: &sink)
        let history = (changes ?? []).flatMap { ChangeRow.rows(of: $0, syncedAt: nil) }
        try section("History", history, ChangeRow.section, style, to: &sink)
    }

    private func section<Row>(
        _ title: String, _ rows: [Row], _ columns: [Column<Row>], _ style: OutputStyle, to sink: inout some TextSink
    ) throws {
        guard !rows.isEmpty else { return }
        try sink.write("\n\(title)\n")
        // A column without any values is left out.
        let telling = columns.filter { column in rows.contains { !column.cell($0).isMissing } }
        try ListOutput.write(
            rows, selection: ColumnSelection(from: telling, format: .table), style: style, to: &sink)
    }

    private static let eventColumns: [Column<LeaseEvent>] = [
        Column("event_type") { .text($0.eventType) },
        Column("time") { .time($0.time) },
        Column("status") { .status($0.status.rawValue) },
        Column("updated_at") { .time($0.updatedAt) },
    ]
}

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
