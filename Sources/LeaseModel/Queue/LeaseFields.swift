/// Values of a lease's fields and of its reservations' fields: those that a change asks for, or those that a lease has.
///
/// Changes are merged and compared field by field, for the lease and for each reservation. The list of reservations is
/// never replaced as a whole.
public struct LeaseFields: Sendable, Hashable {
    /// Fields of the lease itself, as in the body of a PUT.
    public var lease: JSONObject
    /// Fields of reservations, by reservation id, in the order in which they were named.
    public private(set) var reservations: [(id: String, fields: JSONObject)]
    /// Elements of the list of reservations that have no id.
    public var unidentified: [JSONValue]

    /// Makes a value without fields.
    public init() {
        lease = [:]
        reservations = []
        unidentified = []
    }

    /// Decodes the body of a PUT.
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

    /// Whether there are no fields.
    public var isEmpty: Bool { lease.isEmpty && reservations.isEmpty && unidentified.isEmpty }

    /// The fields of a reservation; `nil` if it has none here.
    public subscript(reservation id: String) -> JSONObject? { reservations.first { $0.id == id }?.fields }

    /// Sets fields of a reservation. Its other fields stay.
    public mutating func merge(_ fields: JSONObject, into id: String) {
        if let index = reservations.firstIndex(where: { $0.id == id }) {
            reservations[index].fields = reservations[index].fields.merging(fields)
        } else {
            reservations.append((id, fields))
        }
    }

    /// These fields, with every field in `newer` set to its value there.
    public func merging(_ newer: LeaseFields) -> LeaseFields {
        var result = self
        result.lease = lease.merging(newer.lease)
        for (id, fields) in newer.reservations { result.merge(fields, into: id) }
        result.unidentified += newer.unidentified.filter { !unidentified.contains($0) }
        return result
    }

    /// Every value with the name of its field: `end_date`, `reservations[ID].amount`.
    public var named: [(name: String, value: JSONValue)] {
        lease.members.map { ($0.key, $0.value) }
            + reservations.flatMap { id, fields in
                fields.members.map { ("reservations[\(id)].\($0.key)", $0.value) }
            }
    }

    /// The value of a field, by its name in ``named``.
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

// The reservations of a creation have no ids yet. Until Blazar assigns them, they are known by the local id of the
// lease and their position.
extension LeaseFields {
    /// The local id of a creation's reservation, used until Blazar has assigned an id.
    public static func localID(ofReservation index: Int, in localID: String) -> String { "\(localID)-\(index + 1)" }

    /// Applies a change to the body of a creation's POST.
    ///
    /// - Parameters:
    ///   - change: the change.
    ///   - draft: the body of the POST.
    ///   - localID: the local id of the lease.
    /// - Returns: the changed body.
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
                // Keep what was asked for: Blazar will say what is wrong with it.
                elements.append(.object((["id": .string(id)] as JSONObject).merging(fields)))
            }
        }
        body["reservations"] = .array(elements + change.unidentified)
        return body
    }
}

// MARK: - Comparing with leases

extension LeaseFields {
    /// The values that a lease has for the fields in this change, where they can be compared.
    ///
    /// Blazar does not return every field of a reservation. Fields that the lease does not show are left out.
    ///
    /// - Parameter lease: the lease.
    /// - Returns: the values, as in the body of a PUT.
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

    /// Whether Blazar treats two values of a field as equal. A number may be a string of digits, a date may be in
    /// another of Blazar's formats, and an affinity may be written in many ways.
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

    /// A count. Blazar accepts a number or a string of digits.
    package static func number(_ value: JSONValue?) -> Int? {
        value?.intValue ?? value?.stringValue.flatMap { Int($0) }
    }

    private static func date(_ value: JSONValue) -> Timestamp? {
        value.stringValue.flatMap { Timestamp(parsing: $0) }?.truncatedToMinute
    }

    /// An affinity as Blazar reads it: yes, no or none.
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
    /// This lease after a change that the server has accepted.
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
    /// The fields of this reservation that a change may name.
    ///
    /// For a flavor reservation, the `flavor_id` that Blazar lists is the flavor it made, and the `resource_properties`
    /// that it lists are the flavor that was asked for. Neither is what a request would contain, so both are left out.
    var changeable: JSONObject {
        var shown = fields
        shown["resource_type"] = .string(resourceType.rawValue)
        if resourceType == .flavor {
            for name in ["flavor_id", "resource_properties"] { _ = shown.remove(name) }
        }
        return shown
    }

    /// This reservation as the body of a PUT has it, with some fields changed.
    ///
    /// Chameleon's Blazar checks a changed reservation as if it were new, and refuses it if any required field is
    /// missing, so all known fields are sent along. There are two exceptions for upstream's Blazar. For the instances
    /// of an active reservation it accepts only a new amount. And it forgets which floating IPs were required if they
    /// are sent again.
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
