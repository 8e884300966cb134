/// Values of a lease's fields, and of the fields of its reservations: what a change asks for, or what a lease has.
///
/// Changes are merged and compared by it: one value for each field, and one for each field of each reservation. The list
/// of reservations is never replaced as a whole.
public struct LeaseFields: Sendable, Hashable {
    /// Fields of the lease itself, as a PUT takes them.
    public var lease: JSONObject
    /// Fields of reservations, by the reservation's id, in the order in which they were named.
    public private(set) var reservations: [(id: String, fields: JSONObject)]
    /// What stands among the reservations without an id.
    public var unidentified: [JSONValue]

    /// No fields.
    public init() {
        lease = [:]
        reservations = []
        unidentified = []
    }

    /// Reads the body of a PUT.
    public init(_ body: JSONObject) {
        self.init()
        lease = body
        guard let list = lease.remove("reservations") else { return }
        guard let elements = list.arrayValue else {
            unidentified = [list]
            return
        }
        for element in elements {
            guard var fields = element.objectValue, let id = fields.remove("id")?.stringValue, !id.isEmpty else {
                unidentified.append(element)
                continue
            }
            merge(fields, into: id)
        }
    }

    /// The body of a PUT.
    public var body: JSONObject {
        var body = lease
        let elements = reservations.map { id, fields in
            JSONValue.object((["id": .string(id)] as JSONObject).merging(fields))
        }
        if !elements.isEmpty || !unidentified.isEmpty { body["reservations"] = .array(elements + unidentified) }
        return body
    }

    /// Whether nothing is named.
    public var isEmpty: Bool { lease.isEmpty && reservations.isEmpty && unidentified.isEmpty }

    /// The fields of a reservation; `nil` if it is not named.
    public subscript(reservation id: String) -> JSONObject? { reservations.first { $0.id == id }?.fields }

    /// Sets fields of a reservation; its others stay.
    public mutating func merge(_ fields: JSONObject, into id: String) {
        if let index = reservations.firstIndex(where: { $0.id == id }) {
            reservations[index].fields = reservations[index].fields.merging(fields)
        } else {
            reservations.append((id, fields))
        }
    }

    /// The same fields, with each one that `newer` names at its value there.
    public func merging(_ newer: LeaseFields) -> LeaseFields {
        var result = self
        result.lease = lease.merging(newer.lease)
        for (id, fields) in newer.reservations { result.merge(fields, into: id) }
        result.unidentified += newer.unidentified.filter { !unidentified.contains($0) }
        return result
    }

    /// Every value by the name of its field: `end_date`, `reservations[ID].amount`.
    public var named: [(name: String, value: JSONValue)] {
        lease.members.map { ($0.key, $0.value) }
            + reservations.flatMap { id, fields in
                fields.members.map { ("reservations[\(id)].\($0.key)", $0.value) }
            }
    }

    /// The value of a field by its name, as ``named`` gives it.
    public func value(named name: String) -> JSONValue? { named.first { $0.name == name }?.value }

    public static func == (left: LeaseFields, right: LeaseFields) -> Bool {
        left.lease == right.lease && left.unidentified == right.unidentified
            && left.byReservation == right.byReservation
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(lease)
        hasher.combine(byReservation)
        hasher.combine(unidentified)
    }

    private var byReservation: [String: JSONObject] {
        Dictionary(reservations.map { ($0.id, $0.fields) }) { _, newer in newer }
    }
}

// MARK: - Creations

// The reservations of a creation have no ids yet. Until then they are known by the lease's local id and their place.
extension LeaseFields {
    /// What a reservation of a creation is known by, until Blazar has given it an id.
    public static func localID(ofReservation index: Int, in localID: String) -> String { "\(localID)-\(index + 1)" }

    /// The body of a creation's POST after a change of it.
    ///
    /// - Parameters:
    ///   - change: what is to change.
    ///   - draft: the body of the POST.
    ///   - localID: the local id of the lease.
    /// - Returns: the body.
    public static func merge(_ change: JSONObject, intoDraft draft: JSONObject, localID: String) -> JSONObject {
        let change = LeaseFields(change)
        var body = draft.merging(change.lease)
        guard !change.reservations.isEmpty || !change.unidentified.isEmpty else { return body }
        var elements = draft["reservations"]?.arrayValue ?? []
        for (id, fields) in change.reservations {
            let place = elements.indices.first { Self.localID(ofReservation: $0, in: localID) == id }
            if let place, let present = elements[place].objectValue {
                elements[place] = .object(present.merging(fields))
            } else {
                // Nothing that was asked for is dropped: Blazar will say what is wrong with it.
                elements.append(.object((["id": .string(id)] as JSONObject).merging(fields)))
            }
        }
        body["reservations"] = .array(elements + change.unidentified)
        return body
    }
}

// MARK: - Leases as they are

extension LeaseFields {
    /// The values that a lease has for the fields that a change names, where they can be compared.
    ///
    /// Blazar does not tell every field of a reservation: what a lease does not show is left out.
    ///
    /// - Parameter lease: the lease.
    /// - Returns: the values, in the form in which a PUT takes them.
    public func values(of lease: BlazarLease) -> LeaseFields {
        var values = LeaseFields()
        for field in self.lease.keys {
            switch field {
            case "name": values.lease[field] = .string(lease.name)
            case "start_date": values.lease[field] = .string(lease.startsAt.blazarRequest)
            case "end_date": values.lease[field] = .string(lease.endsAt.blazarRequest)
            default: break
            }
        }
        for (id, wanted) in reservations {
            guard let reservation = lease.reservations.first(where: { $0.id == id }) else { continue }
            let shown = reservation.changeable
            values.merge(JSONObject(wanted.keys.compactMap { key in shown[key].map { (key, $0) } }), into: id)
        }
        return values
    }

    /// Whether two values of a field mean the same to Blazar: a number may be written as its digits, a date in another of
    /// its formats, and an affinity in many ways.
    package static func areSame(_ field: String, _ left: JSONValue, _ right: JSONValue) -> Bool {
        if left == right { return true }
        switch field {
        case "min", "max", "amount", "vcpus", "memory_mb", "disk_gb":
            let (one, other) = (number(left), number(right))
            return one != nil && one == other
        case "start_date", "end_date", "before_end_date":
            let (one, other) = (date(left), date(right))
            return one != nil && one == other
        case "affinity":
            let (one, other) = (answer(left), answer(right))
            return one != nil && one == other
        default: return false
        }
    }

    /// A count: Blazar takes it as a number or as its digits.
    package static func number(_ value: JSONValue?) -> Int? {
        value?.intValue ?? value?.stringValue.flatMap { Int($0) }
    }

    private static func date(_ value: JSONValue) -> Timestamp? {
        value.stringValue.flatMap { Timestamp(parsing: $0) }?.truncatedToMinute
    }

    /// Yes, no or neither, as Blazar reads an affinity.
    private static func answer(_ value: JSONValue) -> String? {
        if value.isNull { return "none" }
        if let answer = value.boolValue { return answer ? "yes" : "no" }
        switch value.stringValue?.lowercased() {
        case "true", "t", "1", "on", "y", "yes": return "yes"
        case "false", "f", "0", "off", "n", "no": return "no"
        case "none": return "none"
        default: return nil
        }
    }
}

extension BlazarLease {
    /// This lease with fields at the values that a server has accepted for them.
    package func applying(_ change: JSONObject) -> BlazarLease {
        let change = LeaseFields(change)
        var lease = self
        func time(_ field: String) -> Timestamp? {
            change.lease[field]?.stringValue.flatMap { Timestamp(parsing: $0) }
        }
        if let name = change.lease["name"]?.stringValue { lease.name = name }
        if let start = time("start_date") { lease.startsAt = start }
        if let end = time("end_date") { lease.endsAt = end }
        lease.reservations = lease.reservations.map { reservation in
            guard let fields = change[reservation: reservation.id] else { return reservation }
            var changed = reservation
            for (field, value) in fields.members where reservation.changeable[field] != nil && field != "resource_type"
            {
                changed.fields[field] = value
            }
            return changed
        }
        return lease
    }
}

extension Reservation {
    /// The fields that a change may name, as this reservation has them.
    ///
    /// The flavor that Blazar lists is the one that it made, and what it lists as a flavor reservation's
    /// `resource_properties` is the one that was asked for: neither is what a request would say.
    var changeable: JSONObject {
        var shown = fields
        shown["resource_type"] = .string(resourceType.rawValue)
        if resourceType == .flavor {
            for name in ["flavor_id", "resource_properties"] { _ = shown.remove(name) }
        }
        return shown
    }

    /// This reservation as a PUT takes it, with some fields changed.
    ///
    /// Chameleon's Blazar checks a changed reservation as if it were a new one, and refuses it for every field that is
    /// missing. So the fields that are known are sent along. Upstream's Blazar takes nothing but a new amount for the
    /// instances of an active reservation, and forgets which floating IPs were required if it is told them again.
    ///
    /// - Parameter changes: the fields and their new values.
    /// - Returns: the element of `reservations`.
    public func request(changing changes: JSONObject) -> JSONObject {
        var known: JSONObject = (try? ReservationRequest(repeating: json()))?.json ?? [:]
        _ = known.remove("required_floatingips")
        if known["affinity"]?.isNull ?? false { known["affinity"] = "None" }
        if resourceType == .instance, status == .active, changes.keys.allSatisfy({ $0 == "amount" }) { known = [:] }
        return (["id": .string(id)] as JSONObject).merging(known).merging(changes)
    }
}
