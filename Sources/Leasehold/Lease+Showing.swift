import LeaseModel

/// How a lease is printed.
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
    ///   - style: how.
    ///   - output: takes the text.
    public func show(_ style: LeaseStyle = .text, to output: (String) -> Void = { print($0) }) {
        output(description(style))
    }

    /// The lease as text.
    public func description(_ style: LeaseStyle) -> String {
        switch style {
        case .text: lines.joined(separator: "\n")
        case .json: JSONValue.object(lease?.json(times: .iso8601) ?? draft.body).text(.pretty)
        }
    }

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
