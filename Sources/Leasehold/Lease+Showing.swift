public import LeaseModel

/// The format in which a lease is printed.
public enum LeaseStyle: Sendable, Hashable, CaseIterable {
    /// Line by line, for people.
    case text
    /// As Blazar writes it, with times in ISO 8601.
    case json
}

extension Lease {
    /// Prints the lease.
    ///
    /// - Parameters:
    ///   - style: the format.
    ///   - output: receives the text.
    public func show(_ style: LeaseStyle = .text, to output: (String) -> Void = { print($0) }) {
        output(description(style))
    }

    /// The lease as text.
    public func description(_ style: LeaseStyle) -> String {
        switch style {
        case .text: lines.joined(separator: "\n")
        case .json: json.text(.pretty)
        }
    }

    /// The lease as Blazar writes it, with times in ISO 8601.
    var json: JSONValue { .object(lease?.json(times: .iso8601) ?? draft.body) }

    private var lines: [String] {
        func shown(_ text: String?) -> String { text.map(\.escapedForTerminal) ?? "N/A" }
        var lines = [
            "Lease Details:", "Name: \(shown(name))", "ID: \(shown(id))", "Status: \(shown(status?.rawValue))",
            "Start Date: \(startsAt?.iso8601 ?? "now")", "End Date: \(endsAt.iso8601)",
            "User ID: \(shown(userID))", "Project ID: \(shown(projectID))",
        ]
        let sections: [(String, [Reservation], [String])] = [
            ("Device Reservations", deviceReservations, ["min", "max", "resource_properties"]),
            ("Node Reservations", nodeReservations, ["min", "max", "resource_properties"]),
            ("Floating IP Reservations", fipReservations, ["amount"]),
            ("Network Reservations", networkReservations, ["network_name"]),
            ("Flavor Reservations", flavorReservations, ["flavor_id", "amount"]),
        ]
        for (title, reservations, fields) in sections where !reservations.isEmpty {
            lines += ["", title + ":"]
            for reservation in reservations {
                let parts = fields.compactMap { field in
                    reservation.fields[field].map { "\(field): \($0.stringValue ?? $0.text())" }
                }
                let head = ["ID: \(reservation.id.isEmpty ? "N/A" : reservation.id)", "status: \(reservation.status)"]
                lines.append((head + parts).joined(separator: ", ").escapedForTerminal)
            }
        }
        if !events.isEmpty { lines += ["", "Events:"] }
        for event in events {
            let time = event.time?.iso8601 ?? "N/A"
            lines.append("Type: \(event.eventType), time: \(time), status: \(event.status)".escapedForTerminal)
        }
        return lines
    }
}

extension Lease: CustomStringConvertible {
    public var description: String { description(.text) }
}

/// Leases as table rows, like python-chi's `show_leases`.
///
/// The user's own leases come first, then pending, active and ended ones, each group by creation time. You can sort or
/// filter ``rows`` before printing.
public struct LeaseTable: Sendable, CustomStringConvertible {
    /// One lease.
    public struct Row: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// Its status.
        public let status: LeaseStatus
        /// The user's name, or the id if the name is unknown.
        public let user: String
        /// The project's name, or the id if the name is unknown.
        public let project: String
        /// When it starts, or started.
        public let startsAt: Timestamp
        /// When it ends, or ended.
        public let endsAt: Timestamp
        /// How much of it is left; `nil` if it is over.
        public let remaining: Duration?
        /// Its whole duration, in hours.
        public let totalHours: Double
        /// The number of nodes.
        public let nodes: ResourceCount
        /// The number of floating IPs.
        public let floatingIPs: ResourceCount
        /// When Blazar created it.
        public let createdAt: Timestamp?
        /// Its id.
        public let id: String
        /// Whether one of the users that this database syncs as created it.
        public let isMine: Bool
    }

    /// The rows, in the order in which they are printed.
    public var rows: [Row]

    init(_ leases: [Lease]) {
        rows = leases.compactMap(Row.init).sorted { $0.rank < $1.rank }
    }

    private static let titles = [
        "Name", "Status", "User", "Project", "Start", "End", "Remaining", "Total Hours", "# Nodes", "# FIPs", "Created",
        "Lease ID",
    ]

    /// The table as text, with columns as wide as their content and times in UTC.
    public var description: String {
        let lines = [Self.titles] + rows.map(\.cells)
        let widths = Self.titles.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { cells in
            let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}

extension LeaseTable.Row {
    init?(_ lease: Lease) {
        guard let mirrored = lease.mirrored, let status = lease.status else { return nil }
        let remaining = lease.remaining
        self.init(
            name: lease.name, status: status, user: mirrored.userName ?? mirrored.lease.userID,
            project: mirrored.projectName ?? mirrored.lease.projectID, startsAt: mirrored.lease.startsAt,
            endsAt: lease.endsAt, remaining: remaining == .zero ? nil : remaining,
            totalHours: Double(lease.duration.components.seconds) / 3_600, nodes: mirrored.nodes,
            floatingIPs: mirrored.floatingIPs, createdAt: lease.createdAt, id: mirrored.id, isMine: mirrored.isMine)
    }

    /// The sort key of the row, in python-chi's order.
    fileprivate var rank: (Int, Int, Int64, String) {
        let states: [LeaseStatus] = [.pending, .active, .terminated]
        let created = createdAt?.secondsSince1970 ?? .max
        return (isMine ? 0 : 1, states.firstIndex(of: status) ?? states.count, created, id)
    }

    fileprivate var cells: [String] {
        let texts = [
            name, status.rawValue, user, project, startsAt.plainText(seconds: false), endsAt.plainText(seconds: false),
            remainingText, hoursText, nodes.text, floatingIPs.text, createdAt?.plainText(seconds: false) ?? "", id,
        ]
        return texts.map(\.escapedForTerminal)
    }

    private var remainingText: String {
        guard let hours = remaining.map({ $0.components.seconds / 3_600 }) else { return "Expired" }
        return "\(Self.padded(hours / 24))d \(Self.padded(hours % 24))h"
    }

    private var hoursText: String {
        let tenths = Int((totalHours * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : String(number) }
}

extension ResourceCount {
    fileprivate var text: String { exact.map(String.init) ?? "\(least)-\(most)" }
}

extension Lease {
    /// The floating IP addresses that the lease holds. If the lease is active and the database lacks some of them, its
    /// cloud is synced.
    ///
    /// - Throws: ``LeaseholdError`` with the code `invalid` if the lease has not been submitted.
    public nonisolated(nonsending) func reservedFloatingIPs() async throws(LeaseholdError) -> [String] {
        let wanted = fipReservations.reduce(0) { $0 + ($1.amount ?? 1) }
        return try await reserved(wanted) { lease throws(LeaseholdError) in
            try manager.reservedFloatingIPs(of: lease)
        }
    }

    /// The flavors of the lease's flavor and instance reservations. If the lease is active and the database lacks some
    /// of them, its cloud is synced.
    ///
    /// - Throws: ``LeaseholdError`` with the code `invalid` if the lease has not been submitted.
    public nonisolated(nonsending) func reservedFlavors() async throws(LeaseholdError) -> [Flavor] {
        let wanted = reservations.count { $0.isOfInstances }
        return try await reserved(wanted) { lease throws(LeaseholdError) in try manager.reservedFlavors(of: lease) }
    }

    private nonisolated(nonsending) func reserved<Thing>(
        _ wanted: Int, _ find: (MirroredLease) throws(LeaseholdError) -> [Thing]
    ) async throws(LeaseholdError) -> [Thing] {
        _ = try submittedID()
        if mirrored == nil { try reload() }
        guard let present = mirrored else { return [] }
        let found = try find(present)
        guard found.count < wanted, present.lease.status == .active else { return found }
        // If the cloud cannot be reached, return what is known.
        guard try await sync(readsResources: true, { _ in }) else { return found }
        try reload()
        return try find(mirrored ?? present)
    }
}
