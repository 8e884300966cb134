import LeaseModel

// `virtual:floatingip`.
extension BlazarModel {
    private struct Fields {
        let networkID: JSONValue
        let amount: Int
        let required: [String]
    }

    private func floatingIPFields(_ fields: JSONObject) throws(Refusal) -> Fields {
        guard let network = fields["network_id"] else { throw .missing(["network_id"]) }
        guard let given = fields["amount"] else { throw .missing(["amount"]) }
        guard let amount = given.pythonInteger else { throw .malformed("amount") }
        let required = try requiredAddresses(fields)
        guard required.count <= amount else {
            throw .fatal(
                400,
                "Invalid values for required_floatingips and amount. The amount must be equal to or longer than length "
                    + "of required_floatingips.")
        }
        return Fields(networkID: network, amount: amount, required: required)
    }

    private func requiredAddresses(_ fields: JSONObject) throws(Refusal) -> [String] {
        switch fields["required_floatingips"] {
        case nil: return []
        case .array(let elements)?:
            var addresses: [String] = []
            for element in elements {
                guard let address = element.stringValue, Self.isAddress(address) else {
                    throw .fatal(400, "IP address \(element.pythonString) is invalid form.")
                }
                addresses.append(address)
            }
            return addresses
        case .string("")?: return []
        case .string(let text)?: throw .fatal(400, "IP address \(text.prefix(1)) is invalid form.")
        default: throw .obscured
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        if text.contains(":") { return text.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." } }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    private var notEnoughFloatingIPs: Refusal {
        .fatal(dialect == .chameleon ? 500 : 400, "Not enough floating IPs available")
    }

    func floatingIPCandidates(_ request: ReservationRequest) throws(Refusal) -> [String] {
        let fields = try floatingIPFields(request.fields)
        return try floatingIPs(in: fields.networkID, fields.required, fields.amount, request.window)
    }

    private func floatingIPs(
        in network: JSONValue, _ required: [String], _ amount: Int, _ window: Window
    ) throws(Refusal) -> [String] {
        guard let networkID = network.stringValue, !networkID.isEmpty else {
            let query: JSONValue = ["==", "$floating_network_id", network]
            throw .harmless(400, "Malformed requirements " + query.pythonLiteral)
        }
        let pool = networkID == Inventory.publicNetworkID ? inventory.floatingIPs : []
        var asked: [String] = []
        var untouched: [String] = []
        var free: [String] = []
        for address in pool {
            let isTaken = allocations.current.contains { $0.resourceID == address.id }
            guard !isTaken || isFree(address.id, in: window) else { continue }
            if required.contains(address.address) {
                asked.append(address.id)
            } else if isTaken {
                free.append(address.id)
            } else {
                untouched.append(address.id)
            }
        }
        guard asked.count == required.count else { throw notEnoughFloatingIPs }
        for list in [asked + untouched, asked + untouched + free] where list.count >= amount {
            return Array(list.prefix(max(0, amount)))
        }
        throw notEnoughFloatingIPs
    }

    mutating func reserveFloatingIPs(
        _ request: ReservationRequest, _ reservation: ReservationRecord
    ) throws(Refusal) -> ReservationDetail {
        let fields = try floatingIPFields(request.fields)
        allocate(.floatingIP, try floatingIPCandidates(request), reservation)
        return .floatingIP(
            networkID: fields.networkID.pythonString, amount: fields.amount, required: fields.required)
    }

    mutating func updateFloatingIPs(
        _ change: ReservationChange, _ networkID: String, _ amount: Int, _ required: [String]
    ) throws(Refusal) {
        func cannot(_ reason: String) -> Refusal {
            .fatal(400, "Floating IP reservation cannot be updated with requested parameters. " + reason)
        }
        if let given = change.fields["network_id"], given != .string(networkID) {
            throw cannot("Updating network_id is not supported")
        }
        let given = change.fields["required_floatingips"]
        if let given, given != .array(required.map(JSONValue.string)), given != [] {
            throw cannot("Updating required_floatingips is not supported except with an empty list")
        }
        var wanted = amount
        if let given = change.fields["amount"] {
            guard let number = given.pythonInteger else { throw .obscured }
            wanted = number
        }
        let held = allocations.of(reservation: change.reservation.id).map(\.resourceID)
        var dropped = held.filter {
            change.isExtension && !isFree($0, in: change.after, except: change.reservation.id)
        }
        let kept = held.filter { !dropped.contains($0) }
        if kept.count > wanted { dropped += kept.prefix(kept.count - wanted) }
        guard dropped.isEmpty || !change.isActive else {
            throw cannot("Cannot remove allocations from an active reservation")
        }
        let remaining = held.count - dropped.count
        if remaining < wanted {
            let stillRequired = given == nil ? required : []
            let added = try floatingIPs(
                in: .string(networkID), stillRequired, wanted - remaining, change.after)
            allocate(.floatingIP, added, change.reservation)
        }
        for resource in dropped { allocations.release(resource, of: change.reservation.id) }
        setDetail(
            change.reservation,
            .floatingIP(networkID: networkID, amount: wanted, required: given == nil ? required : []))
    }
}
