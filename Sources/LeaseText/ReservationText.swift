package import LeaseModel

/// Describes a reservation.
package struct ReservationText {
    package let reservation: Reservation
    package var networks: [String: String]

    package init(reservation: Reservation, networks: [String: String] = [:]) {
        self.reservation = reservation
        self.networks = networks
    }

    /// The number and kind of resources: `2 × host`, `1 to 2 × host`, `1 × floating IP on public`.
    package var what: String {
        var noun = reservation.resourceType.noun
        switch reservation.resourceType {
        case .floatingIP:
            let network = reservation.fields["network_id"]?.stringValue.map { networks[$0] ?? String($0.prefix(8)) }
            noun += network.map { " on \($0)" } ?? ""
        case .network: return noun + (reservation.fields["network_name"]?.stringValue.map { " \($0)" } ?? "")
        case .host, .device, .instance, .flavor, .other: break
        }
        guard let most = reservation.maximumCount ?? reservation.amount else { return noun }
        guard let least = reservation.minimumCount, least != most else { return "\(most) × \(noun)" }
        return "\(least) to \(most) × \(noun)"
    }

    /// Its requirements: `node_type = compute_skylake`.
    package var requirement: String {
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
    package init(requesting fields: JSONObject) {
        self.init(
            reservation: Reservation(
                requesting: fields, id: "", leaseID: nil, status: ReservationStatus(rawValue: "")))
    }

    /// The fields that neither ``what`` nor ``requirement`` tells.
    package static func otherFields(of reservation: Reservation) -> [(key: String, value: JSONValue)] {
        let told: Set = ["min", "max", "amount", "resource_properties"]
        return reservation.fields.members.filter { !told.contains($0.key) && ![.null, ""].contains($0.value) }
    }

    /// The number and kind of resources, and all requirements.
    package var all: String {
        let others = Self.otherFields(of: reservation).map { "\($0.key) = \($0.value.plain)" }
        return ([what, requirement].filter { !$0.isEmpty } + others).joined(separator: "    ")
    }
}
