package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold show`
package struct LeaseShow: Subcommand {
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
    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

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
