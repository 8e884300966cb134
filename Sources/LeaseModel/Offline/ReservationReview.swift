/// What every release of Blazar refuses about one reservation, whatever the site has.
enum ReservationReview {
    /// The fields without which a new reservation of a type is refused.
    private static func required(_ type: ResourceType) -> [String] {
        switch type {
        case .host, .device: ["min", "max"]
        case .floatingIP: ["network_id", "amount"]
        case .flavor: ["flavor_id", "amount"]
        default: []
        }
    }

    /// What is missing in a new reservation.
    static func missing(_ fields: JSONObject, _ place: String) -> [DraftFinding] {
        let type = ResourceType(rawValue: fields["resource_type"]?.stringValue ?? "")
        return required(type).filter { fields[$0] == nil }.map {
            DraftFinding(.refusal, field: "\(place).\($0)", "It is missing.")
        }
    }

    /// What is wrong with the counts of a reservation, a new one or one as it is to become.
    static func counts(_ fields: JSONObject, _ type: ResourceType, _ place: String) -> [DraftFinding] {
        var findings: [DraftFinding] = []
        for name in countNames(type) {
            guard let value = fields[name] else { continue }
            guard let count = LeaseFields.number(value) else {
                findings.append(
                    DraftFinding(
                        .refusal, field: "\(place).\(name)", "It must be a whole number, not \(value.text())."))
                continue
            }
            guard count < 1 else { continue }
            findings.append(DraftFinding(.refusal, field: "\(place).\(name)", "It must be 1 or more, not \(count)."))
        }
        if findings.isEmpty, type == .host || type == .device, let least = LeaseFields.number(fields["min"]),
            let most = LeaseFields.number(fields["max"]), most < least
        {
            findings.append(
                DraftFinding(.refusal, field: "\(place).max", "At most \(most) is less than at least \(least)."))
        }
        return findings + addresses(fields, type, place)
    }

    /// The counts that must be 1 or more.
    private static func countNames(_ type: ResourceType) -> [String] {
        switch type {
        case .host, .device: ["min", "max"]
        case .instance, .flavor: ["amount"]
        default: []
        }
    }

    private static func addresses(_ fields: JSONObject, _ type: ResourceType, _ place: String) -> [DraftFinding] {
        guard type == .floatingIP, let value = fields["required_floatingips"], value != "" else { return [] }
        let place = "\(place).required_floatingips"
        guard let addresses = value.arrayValue, addresses.allSatisfy({ $0.stringValue != nil }) else {
            return [DraftFinding(.refusal, field: place, "It must be a list of addresses, not \(value.text()).")]
        }
        guard let amount = LeaseFields.number(fields["amount"]), addresses.count > amount else { return [] }
        return [
            DraftFinding(
                .refusal, field: place, "It names \(addresses.count) addresses; the amount is only \(amount).")
        ]
    }
}
