/// Checks a change of a lease before it is queued. It finds what every release of Blazar refuses, given what is known
/// of the lease.
public struct ChangeReview: Sendable {
    private let lease: BlazarLease
    private let pending: [JSONObject]
    private let now: Timestamp

    /// - Parameters:
    ///   - lease: the lease as it is known.
    ///   - pending: the changes that will be carried out before this one, each as the body of a PUT.
    ///   - now: the current time.
    public init(lease: BlazarLease, pending: [JSONObject] = [], now: Timestamp) {
        self.lease = lease
        self.pending = pending
        self.now = now
    }

    /// Everything in the change that Blazar refuses, in the order of the fields.
    public func findings(_ change: JSONObject) -> [DraftFinding] {
        let asked = LeaseFields(change)
        guard !isRenameOnly(asked) else { return nameFindings(asked) }
        guard lease.endsAt >= minute, lease.status != .terminated else {
            return [DraftFinding(.refusal, field: "end_date", "The lease has ended: ended leases can only be renamed.")]
        }
        return nameFindings(asked) + dateFindings(asked, change)
            + asked.reservations.flatMap { reservationFindings($0.id, $0.fields) }
            + asked.unidentified.map { _ in
                DraftFinding(
                    .refusal, field: "reservations",
                    "A reservation is changed by its id: give id=… (leasehold reservations \(lease.name)).")
            }
    }

    private var minute: Timestamp { now.truncatedToMinute }

    private func isRenameOnly(_ asked: LeaseFields) -> Bool {
        asked.lease.keys == ["name"] && asked.reservations.isEmpty && asked.unidentified.isEmpty
    }

    private func nameFindings(_ asked: LeaseFields) -> [DraftFinding] {
        guard let name = asked.lease["name"] else { return [] }
        guard let text = name.stringValue else {
            return [DraftFinding(.refusal, field: "name", "It must be a string.")]
        }
        return LeaseDraft.nameProblem(text).map { [DraftFinding(.refusal, field: "name", "It \($0).")] } ?? []
    }

    private func dateFindings(_ asked: LeaseFields, _ change: JSONObject) -> [DraftFinding] {
        let before = pending.reduce(lease) { $0.applying($1) }
        let after = before.applying(change)
        var findings: [DraftFinding] = []
        if let start = asked.lease["start_date"], start != "now" {
            if before.startsAt < minute, after.startsAt != before.startsAt {
                findings.append(
                    DraftFinding(
                        .refusal, field: "start_date", "The lease has started, so its start cannot be changed."))
            } else if after.startsAt.truncatedToMinute < minute, after.startsAt != before.startsAt {
                findings.append(DraftFinding(.refusal, field: "start_date", "\(after.startsAt) has passed."))
            }
        }
        guard asked.lease["end_date"] != nil || asked.lease["start_date"] != nil, findings.isEmpty,
            asked.lease["end_date"] != "now"
        else { return findings }
        if after.endsAt < after.startsAt {
            findings.append(
                DraftFinding(
                    .refusal, field: "end_date", "It would end at \(after.endsAt), before its start, \(after.startsAt)."
                ))
        } else if after.endsAt < minute {
            findings.append(DraftFinding(.refusal, field: "end_date", "\(after.endsAt) has passed."))
        }
        return findings
    }

    private func reservationFindings(_ id: String, _ fields: JSONObject) -> [DraftFinding] {
        let place = "reservations[\(id)]"
        guard let reservation = lease.reservations.first(where: { $0.id == id }) else {
            let known = lease.reservations.map { "\($0.id) (\($0.resourceType))" }
            let list = known.isEmpty ? "It has none." : "It has \(known.joined(separator: ", "))."
            return [DraftFinding(.refusal, field: place, "The lease has no such reservation. \(list)")]
        }
        if let type = fields["resource_type"]?.stringValue, type != reservation.resourceType.rawValue {
            return [
                DraftFinding(
                    .refusal, field: "\(place).resource_type",
                    "Its type is \(reservation.resourceType) and cannot be changed.")
            ]
        }
        let earlier = pending.compactMap { LeaseFields($0)[reservation: id] }
        let after = earlier.reduce(reservation.changeable) { $0.merging($1) }.merging(fields)
        var findings = ReservationReview.counts(after, reservation.resourceType, place)
        for name in ["resource_properties", "hypervisor_properties"] where reservation.resourceType != .flavor {
            guard let text = fields[name]?.stringValue else { continue }
            do {
                _ = try ResourceProperties(parsing: text)
            } catch {
                findings.append(DraftFinding(.refusal, field: "\(place).\(name)", "They \(error.problem)."))
            }
        }
        guard reservation.resourceType == .floatingIP else { return findings }
        if let network = fields["network_id"], let present = reservation.fields["network_id"], network != present {
            findings.append(
                DraftFinding(
                    .refusal, field: "\(place).network_id", "The network of reserved floating IPs cannot be changed."))
        }
        if let addresses = fields["required_floatingips"], addresses != [],
            let present = reservation.fields["required_floatingips"], addresses != present
        {
            findings.append(
                DraftFinding(
                    .refusal, field: "\(place).required_floatingips",
                    "The addresses can be given up ([]) but not replaced by others."))
        }
        return findings
    }
}

/// What every release of Blazar refuses about one reservation, whatever resources the site has.
enum ReservationReview {
    /// The fields that a new reservation of a type must have.
    private static func required(_ type: ResourceType) -> [String] {
        switch type {
        case .host, .device: ["min", "max"]
        case .floatingIP: ["network_id", "amount"]
        case .flavor: ["flavor_id", "amount"]
        case .instance, .network, .other: []
        }
    }

    /// The required fields that a new reservation lacks.
    static func missing(_ fields: JSONObject, _ place: String) -> [DraftFinding] {
        let type = ResourceType(rawValue: fields["resource_type"]?.stringValue ?? "")
        return required(type).filter { fields[$0] == nil }.map {
            DraftFinding(.refusal, field: "\(place).\($0)", "It is missing.")
        }
    }

    /// What is wrong with the counts of a reservation, either a new one or one after a change.
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
                DraftFinding(.refusal, field: "\(place).max", "The maximum \(most) is less than the minimum \(least)."))
        }
        return findings + addresses(fields, type, place)
    }

    /// The counts that must be 1 or more.
    private static func countNames(_ type: ResourceType) -> [String] {
        switch type {
        case .host, .device: ["min", "max"]
        case .instance, .flavor: ["amount"]
        case .floatingIP, .network, .other: []
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
