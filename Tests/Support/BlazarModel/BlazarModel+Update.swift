import LeaseModel

// PUT and DELETE of a lease, in the order in which Blazar's manager checks and stores. There is no rollback: what was
// stored before a failure stays.
extension BlazarModel {
    /// Changes a lease; the answer shows it in UPDATING.
    mutating func updateLease(_ id: String, _ data: JSONValue) throws(Refusal) -> LeaseRecord {
        try passing(id, through: .updating, into: LeaseTransitions.stable) { model throws(Refusal) in
            try model.applyUpdate(id, data)
            guard let lease = model.leases[id] else { throw .obscured }
            return lease
        }
    }

    private mutating func applyUpdate(_ id: String, _ data: JSONValue) throws(Refusal) {
        guard data.isTruthy else { return }
        guard let values = data.objectValue, let lease = leases[id] else { throw .obscured }
        if values.count == 1, let name = values["name"] {
            try rename(id, name)
            return
        }
        let window = try updatedWindow(values, lease)
        var beforeEnd: Timestamp?
        if let given = values["before_end_date"], given.isTruthy {
            let time = try strictDate(given)
            guard window.start < time, time < window.end else {
                throw .fatal(403, "Datetime is out of lease limits")
            }
            beforeEnd = time
        }
        let changes = try reservationChanges(values, lease)
        try checkChanges(changes, lease, window)
        try enforceOnUpdate(lease, window)
        for reservation in lease.reservations {
            guard let current = leases[id]?.reservations.first(where: { $0.id == reservation.id }) else { continue }
            let fields = changes.last { $0["id"] == .string(reservation.id) }
            if let type = fields?["resource_type"], type != .string(reservation.type) {
                throw .harmless(409, "resource_type cannot be updated")
            }
            try update(current, of: lease, to: window, fields ?? [:])
        }
        try moveEvents(lease, window, beforeEnd)
        // The list of events is not a column, so the database layer fails.
        guard values["events"] == nil else { throw .obscured }
        if let name = values["name"] { try rename(id, name) }
        let moment = now
        leases.change(id) { lease in
            lease.startsAt = window.start
            lease.endsAt = window.end
            lease.updatedAt = moment
        }
    }

    private mutating func rename(_ id: String, _ given: JSONValue) throws(Refusal) {
        let name = try Self.storable(given)
        let moment = now
        leases.change(id) { lease in
            lease.name = name
            lease.updatedAt = moment
        }
    }

    private func updatedWindow(_ values: JSONObject, _ lease: LeaseRecord) throws(Refusal) -> Window {
        let start = try values["start_date"].map { given throws(Refusal) in try date(given) }
        let end = try values["end_date"].map { given throws(Refusal) in try date(given) }
        let window = Window(
            start: start ?? lease.startsAt.truncatedToMinute, end: end ?? lease.endsAt.truncatedToMinute)
        let minute = now.truncatedToMinute
        if lease.startsAt < minute, window.start != lease.startsAt {
            throw .harmless(400, "Cannot modify the start date of already started leases")
        }
        if lease.startsAt > minute, window.start < minute {
            throw .harmless(400, "Start date must be later than current date")
        }
        guard lease.endsAt >= minute else { throw .harmless(400, "Terminated leases can only be renamed") }
        guard window.end >= minute, window.end >= window.start else {
            throw .harmless(400, "End date must be later than current and start date")
        }
        return window
    }

    private func reservationChanges(_ values: JSONObject, _ lease: LeaseRecord) throws(Refusal) -> [JSONObject] {
        var changes: [JSONObject] = []
        switch values["reservations"] {
        case nil, .string("")?: return []
        case .object(let object)? where object.isEmpty: return []
        case .array(let elements)?:
            for element in elements {
                guard let object = element.objectValue else { throw .obscured }
                guard object["id"] != nil else { throw .missing(["reservation ID"]) }
                changes.append(object)
            }
        default: throw .obscured
        }
        let known = lease.reservations.map(\.id)
        var unknown: [String] = []
        for change in changes {
            let id = (change["id"] ?? .null).pythonString
            if !known.contains(id), !unknown.contains(id) { unknown.append(id) }
        }
        guard unknown.isEmpty else {
            throw .harmless(
                400,
                "Please enter valid reservation IDs. Invalid reservation IDs are: " + unknown.joined(separator: ","))
        }
        return changes.map { change in
            guard change["resource_type"] == nil else { return change }
            var typed = change
            let reservation = lease.reservations.first { change["id"] == .string($0.id) }
            typed["resource_type"] = JSONValue(reservation?.type)
            return typed
        }
    }

    private func checkChanges(_ changes: [JSONObject], _ lease: LeaseRecord, _ window: Window) throws(Refusal) {
        for change in changes {
            guard let type = change["resource_type"]?.pythonString, resourceTypes.contains(type) else {
                throw .harmless(409, "resource_type cannot be updated")
            }
        }
        guard !changes.isEmpty else { return }
        if dialect == .upstream, changes.contains(where: { $0["resource_type"] == "flavor:instance" }) {
            throw .fatal(409, "Updating parameters for 'flavor:instance' type reservations is not yet supported.")
        }
        // Blazar looks up the candidates for a new type among those of the old types.
        let known = Set(lease.reservations.map(\.type))
        let isOfKnownTypes = changes.allSatisfy { known.contains($0["resource_type"]?.pythonString ?? "") }
        // Upstream looks for room for what the lease already has, as if it had nothing; the fork for what is requested.
        let requests: [(type: String, fields: JSONObject)] =
            dialect == .chameleon
            ? changes.map { ($0["resource_type"]?.pythonString ?? "", $0) }
            : lease.reservations.map { ($0.type, $0.json(.upstream).objectValue ?? [:]) }
        for request in requests {
            try checkCandidates(
                ReservationRequest(
                    type: request.type, fields: request.fields, window: window, projectID: lease.projectID))
        }
        guard dialect == .chameleon || isOfKnownTypes else { throw .obscured }
    }

    private func enforceOnUpdate(_ lease: LeaseRecord, _ window: Window) throws(Refusal) {
        if let seconds = policy.extensionWindowSeconds, window.end > lease.endsAt,
            lease.endsAt.seconds(since: now) > seconds
        {
            throw .harmless(
                400, "Lease can only be extended within \(seconds) seconds of the leases current end time.")
        }
        // With an extension window (the fork), only the extension is measured; upstream measures the whole lease.
        let seconds = window.end.seconds(since: policy.extensionWindowSeconds == nil ? window.start : lease.endsAt)
        if let most = policy.maximumLeaseSeconds, seconds > most {
            throw .harmless(
                400,
                "Lease duration of \(seconds) seconds must be less than or equal to the maximum lease duration of "
                    + "\(most) seconds.")
        }
        try enforceName(lease.name)
    }

    private mutating func moveEvents(
        _ lease: LeaseRecord, _ window: Window, _ beforeEnd: Timestamp?
    ) throws(Refusal) {
        for (type, time) in [("start_lease", window.start), ("end_lease", window.end)] {
            guard let event = lease.event(type) else { throw .obscured }
            changeEvent(lease.id, event.id) { $0.time = time }
            if event.status == .undone { eventLoop.expect(time) }
        }
        guard let event = lease.event("before_end_lease"), let old = event.time else { return }
        // Without a new time it keeps its distance from the end.
        let moved = beforeEnd ?? window.end.adding(seconds: -lease.endsAt.seconds(since: old))
        let time = max(moved, window.start)
        changeEvent(lease.id, event.id) { event in
            event.time = time
            if event.status == .done { event.status = .undone }
        }
        eventLoop.expect(time)
    }

    /// Deletes a lease and releases its resources.
    mutating func deleteLease(_ id: String) throws(Refusal) {
        try passing(id, through: .deleting, into: [.error]) { model throws(Refusal) in
            guard let lease = model.leases[id], lease.event("start_lease") != nil, lease.event("end_lease") != nil
            else { throw .obscured }
            model.destroyLease(id)
        }
    }
}
