package import ArgumentParser
import LeaseModel
import LeaseText
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
        let kept = knownAt == nil ? try manager.keepRule(of: lease) : nil
        let detail = LeaseDetail(row: LeaseRow(lease, now: now), changes: changes, kept: kept)
        if reading.isPage(console) {
            var leasePage = try LeasePage(detail.row, changes: changes, manager)
            leasePage.kept = kept
            let page = leasePage.page(reading.style(console))
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

extension LeaseDetail {
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
