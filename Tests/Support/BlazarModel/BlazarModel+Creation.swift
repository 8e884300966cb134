import LeaseModel

// POST /leases, in the order in which Blazar's manager checks and stores.
extension BlazarModel {
    mutating func createLease(_ data: JSONValue, _ token: Identity.Token) throws(Refusal) -> LeaseRecord {
        try createTrust(token)
        guard var values = data.objectValue, let project = token.project else { throw .obscured }
        let required = ["start_date", "end_date", "name"]
        let missing = required.filter { values[$0] == nil }
        guard missing.isEmpty else { throw .missing(missing) }
        var events = values.remove("events") ?? []
        let reservations = try Self.reservations(values.remove("reservations"))
        let window = try createdWindow(values)

        var requests: [ReservationRequest] = []
        for fields in reservations {
            guard let type = fields["resource_type"] else { throw .missing(["resource_type"]) }
            if type.arrayValue != nil || type.objectValue != nil { throw .obscured }
            requests.append(
                ReservationRequest(
                    type: type.pythonString, fields: fields, window: window, projectID: project.id))
        }
        for request in requests {
            guard resourceTypes.contains(request.type) else {
                throw .fatal(500, "The \(request.type) resource type is not supported")
            }
            try checkCandidates(request)
        }
        try enforceOnCreation(values, window)
        try appendOwnEvents(to: &events, values, window)
        let id = try insertLease(values, window, token, project)
        do {
            for request in requests { try addReservation(request, to: id) }
        } catch {
            destroyLease(id)
            throw error
        }
        // An event that cannot be stored leaves the lease CREATING forever.
        for event in events.arrayValue ?? [] { try addEvent(event, to: id) }
        setStatus(id, .pending)
        guard let lease = leases[id] else { throw .obscured }
        return lease
    }

    /// Blazar creates a Keystone trust with the caller's token before it reads the request.
    private func createTrust(_ token: Identity.Token) throws(Refusal) {
        if let credential = token.credential {
            guard credential.isUnrestricted, policy.unrestrictedCredentialsCreate else { throw .obscured }
        }
        // Creating the trust takes about a second; Keystone refuses a token that expires meanwhile.
        guard token.revokedAt == nil, now.adding(seconds: 1) < token.expiresAt else { throw .obscured }
    }

    private static func reservations(_ given: JSONValue?) throws(Refusal) -> [JSONObject] {
        switch given {
        case nil, .string("")?: return []
        case .object(let object)? where object.isEmpty: return []
        case .array(let elements)?:
            var reservations: [JSONObject] = []
            for element in elements {
                guard let object = element.objectValue else { throw .obscured }
                guard object["resource_type"] != nil else { throw .missing(["resource_type"]) }
                reservations.append(object)
            }
            return reservations
        default: throw .obscured
        }
    }

    private func createdWindow(_ values: JSONObject) throws(Refusal) -> Window {
        let minute = now.truncatedToMinute
        let start = try date(values["start_date"] ?? .null)
        let end = try date(values["end_date"] ?? .null)
        guard start >= minute else { throw .harmless(400, "Start date must be later than current date") }
        guard end > start else { throw .harmless(400, "End date must be later than start date.") }
        return Window(start: start, end: end)
    }

    /// Reads a date of a request; `now` is the current minute.
    func date(_ given: JSONValue) throws(Refusal) -> Timestamp {
        guard let text = given.stringValue else { throw .obscured }
        if text == "now" { return now.truncatedToMinute }
        return try strictDate(given)
    }

    func strictDate(_ given: JSONValue) throws(Refusal) -> Timestamp {
        guard let text = given.stringValue else { throw .obscured }
        guard let moment = Timestamp(leaseDate: text) else {
            throw .harmless(400, "\(text) is an invalid date. Required format: %Y-%m-%d %H:%M")
        }
        return moment
    }

    private func enforceOnCreation(_ values: JSONObject, _ window: Window) throws(Refusal) {
        let seconds = window.end.seconds(since: window.start)
        if let most = policy.maximumLeaseSeconds, seconds > most {
            throw .fatal(
                403,
                "Lease duration of \(seconds) seconds must be less than or equal to the maximum lease duration of "
                    + "\(most) seconds.")
        }
        try enforceName(values["name"]?.stringValue ?? "")
    }

    func enforceName(_ name: String) throws(Refusal) {
        for (fragment, text) in policy.refusalByNameFragment.sorted(by: { $0.key < $1.key })
        where name.contains(fragment) {
            throw .harmless(400, text)
        }
    }

    private func appendOwnEvents(
        to events: inout JSONValue, _ values: JSONObject, _ window: Window
    ) throws(Refusal) {
        guard var list = events.arrayValue else { throw .obscured }
        func own(_ type: String, _ time: Timestamp) -> JSONValue {
            ["event_type": .string(type), "time": .string(time.blazarDate), "status": "UNDONE"]
        }
        list.append(own("start_lease", window.start))
        list.append(own("end_lease", window.end))
        if let given = values["before_end_date"], given.isTruthy {
            let time = try strictDate(given)
            guard window.start < time, time < window.end else {
                throw .fatal(403, "Datetime is out of lease limits")
            }
            list.append(own("before_end_lease", time))
        } else if policy.minutesBeforeEnd > 0 {
            let time = window.end.adding(seconds: -60 * Int64(policy.minutesBeforeEnd))
            list.append(own("before_end_lease", max(time, window.start)))
        }
        events = .array(list)
    }

    private mutating func insertLease(
        _ values: JSONObject, _ window: Window, _ token: Identity.Token, _ project: Identity.Project
    ) throws(Refusal) -> String {
        let lease = LeaseRecord(
            id: identifiers.uuid(), name: try Self.storable(values["name"]), userID: token.user.id,
            projectID: project.id, trustID: identifiers.hex(), startsAt: window.start, endsAt: window.end,
            status: .creating, createdAt: now)
        leases.insert(lease)
        return lease.id
    }

    /// A name that the database accepts: at most 80 characters, none outside of Unicode's first plane.
    static func storable(_ name: JSONValue?) throws(Refusal) -> String {
        let text: String
        switch name {
        case .string(let value)?: text = value
        case .number(let value)?: text = value.text
        case .bool(let value)?: text = value ? "1" : "0"
        default: throw .obscured
        }
        guard text.unicodeScalars.count <= 80, text.unicodeScalars.allSatisfy({ $0.value <= 0xFFFF }) else {
            throw .obscured
        }
        return text
    }

    private mutating func addReservation(_ request: ReservationRequest, to id: String) throws(Refusal) {
        let reservation = ReservationRecord(
            id: identifiers.uuid(), leaseID: id, type: request.type, createdAt: now)
        leases.change(id) { $0.reservations.append(reservation) }
        let (resourceID, detail) = try reserve(request, reservation)
        let moment = now
        leases.change(id) { lease in
            guard let last = lease.reservations.indices.last else { return }
            lease.reservations[last].resourceID = resourceID
            lease.reservations[last].detail = detail
            lease.reservations[last].updatedAt = moment
        }
    }

    private mutating func addEvent(_ given: JSONValue, to id: String) throws(Refusal) {
        guard let fields = given.objectValue else { throw .obscured }
        let type = try Self.column(fields["event_type"], longest: 66)
        let status = try Self.column(fields["status"], longest: 13)
        var time: Timestamp?
        if let given = fields["time"], !given.isNull {
            guard let moment = given.stringValue.flatMap(Timestamp.init(parsing:)) else { throw .obscured }
            time = moment
        }
        let event = EventRecord(
            id: try Self.column(fields["id"], longest: 36) ?? identifiers.uuid(), leaseID: id, type: type, time: time,
            status: status.map(EventStatus.init(rawValue:)), createdAt: now)
        leases.change(id) { $0.events.append(event) }
        if let time, event.status == .undone { eventLoop.expect(time) }
    }

    private static func column(_ given: JSONValue?, longest: Int) throws(Refusal) -> String? {
        guard let given, !given.isNull else { return nil }
        guard let text = given.stringValue, text.unicodeScalars.count <= longest else { throw .obscured }
        return text
    }

    /// Removes a lease with everything it has.
    mutating func destroyLease(_ id: String) {
        for reservation in leases[id]?.reservations ?? [] { allocations.release(reservation.id) }
        leases.remove(id)
    }
}
