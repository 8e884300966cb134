import LeaseModel

/// The request for a reservation: the client's fields, and the window.
struct ReservationRequest {
    let type: String
    let fields: JSONObject
    let window: Window
    let projectID: String

    /// The fork's message for too few resources: it quotes the query in Python's syntax.
    func notEnoughResources(_ added: [(key: String, value: JSONValue)]) -> Refusal {
        var members = fields.members.map { (key: $0.key, literal: $0.value.pythonLiteral) }
        let own: [(key: String, literal: String)] = [
            ("start_date", window.start.pythonLiteral), ("end_date", window.end.pythonLiteral),
            ("project_id", JSONValue.string(projectID).pythonLiteral),
        ]
        for member in own + added.map({ ($0.key, $0.value.pythonLiteral) }) {
            if let index = members.firstIndex(where: { $0.key == member.key }) {
                members[index].literal = member.literal
            } else {
                members.append(member)
            }
        }
        let query = members.map { JSONValue.string($0.key).pythonLiteral + ": " + $0.literal }.joined(separator: ", ")
        return .fatal(500, "Not enough resources available with query {\(query)}")
    }
}

// Each type of reservation has a plugin in Blazar; here each has its own file.
extension BlazarModel {
    /// Checks a reservation before anything is created.
    func checkCandidates(_ request: ReservationRequest) throws(Refusal) {
        switch request.type {
        case "physical:host": _ = try hostCandidates(request)
        case "device": _ = try deviceCandidates(request)
        case "network": _ = try segmentCandidates(request)
        case "virtual:floatingip": _ = try floatingIPCandidates(request)
        case "virtual:instance": _ = try instanceHosts(try instanceFields(request), request.window)
        case "flavor:instance": _ = try flavorHosts(request)
        default: try checkDummy(request)
        }
    }

    /// Allocates resources to the reservation, and returns its details.
    mutating func reserve(
        _ request: ReservationRequest, _ reservation: ReservationRecord
    ) throws(Refusal) -> (resourceID: String, detail: ReservationDetail) {
        let detail: ReservationDetail
        switch request.type {
        case "physical:host": detail = try reserveHosts(request, reservation)
        case "device": detail = try reserveDevices(request, reservation)
        case "network": detail = try reserveSegment(request, reservation)
        case "virtual:floatingip": detail = try reserveFloatingIPs(request, reservation)
        case "virtual:instance": detail = try reserveInstances(request, reservation)
        case "flavor:instance": detail = try reserveFlavor(request, reservation)
        default: return (request.fields["resource_id"]?.stringValue ?? reservation.id, .none)
        }
        return (identifiers.uuid(), detail)
    }

    /// Changes a reservation to a new window and to a request's new fields, if any.
    mutating func update(
        _ reservation: ReservationRecord, of lease: LeaseRecord, to window: Window, _ fields: JSONObject
    ) throws(Refusal) {
        let change = ReservationChange(reservation: reservation, before: lease.window, after: window, fields: fields)
        switch reservation.detail {
        case .host(let host): try updateHosts(change, host)
        case .device(let device): try updateDevices(change, device)
        case .floatingIP(let networkID, let amount, let required):
            try updateFloatingIPs(change, networkID, amount, required)
        case .instance(let instance) where instance.isOfFlavor: try updateFlavor(change, instance)
        case .instance(let instance): try updateInstances(change, instance)
        case .none:
            if reservation.type == "network" { try updateSegment(change) }
        }
    }

    mutating func setDetail(_ reservation: ReservationRecord, _ detail: ReservationDetail) {
        leases.change(reservation.leaseID) { lease in
            for index in lease.reservations.indices where lease.reservations[index].id == reservation.id {
                lease.reservations[index].detail = detail
            }
        }
    }

    private func checkDummy(_ request: ReservationRequest) throws(Refusal) {
        guard let amount = request.fields["amount"] else { return }
        guard let count = amount.pythonInteger else { throw .obscured }
        guard count <= 10 else { throw .notEnoughHosts }
    }
}

/// The effect of an update on one reservation.
struct ReservationChange {
    let reservation: ReservationRecord
    let before: Window
    let after: Window
    let fields: JSONObject

    /// Whether the new window reaches beyond the old one.
    var isExtension: Bool { before.start > after.start || before.end < after.end }
    var isActive: Bool { reservation.status == .active }
}
