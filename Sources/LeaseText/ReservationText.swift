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

    /// The number and kind of resources, and all requirements.
    package var all: String {
        let told: Set = ["min", "max", "amount", "resource_properties"]
        let others = reservation.fields.members.filter { !told.contains($0.key) && ![.null, ""].contains($0.value) }
        return ([what, requirement].filter { !$0.isEmpty } + others.map { "\($0.key) = \($0.value.plain)" })
            .joined(separator: "    ")
    }
}
