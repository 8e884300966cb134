/// What a list with few columns tells of a lease: OpenStack's client lists names and dates only.
package struct PartialLease: Sendable, Hashable {
    /// The lease; fields that are not known are blank.
    package let lease: BlazarLease
    /// The fields that are known, by Blazar's names. The dates always are.
    package let fields: Set<String>

    /// Whether these fields are a whole lease.
    static func isWhole(_ fields: Set<String>) -> Bool {
        fields.isSuperset(of: ["name", "user_id", "project_id", "status", "reservations", "events"])
    }

    /// Takes some fields of a lease, and forgets the others.
    package init(_ source: BlazarLease, fields: Set<String>) {
        self.fields = fields
        var lease = BlazarLease(
            id: source.id, name: "", userID: "", projectID: "", startsAt: source.startsAt, endsAt: source.endsAt,
            status: LeaseStatus(rawValue: ""))
        Self.copy(fields, of: source, to: &lease)
        self.lease = lease
    }

    /// The whole lease, as far as one can tell.
    ///
    /// - Parameters:
    ///   - before: the lease as it was last known; `nil` if nothing was known of it.
    ///   - after: the lease as it was known later: whom it belongs to never changes.
    ///   - projectID: the project of a lease of which nothing else is known.
    /// - Returns: the known fields, the rest as it was; a status that nobody knew is empty.
    package func completed(from before: BlazarLease?, orOwner after: BlazarLease?, projectID: String) -> BlazarLease {
        var result = before ?? lease
        if before == nil {
            result.userID = after?.userID ?? ""
            result.projectID = after?.projectID ?? projectID
            result.createdAt = after?.createdAt
        }
        Self.copy(fields, of: lease, to: &result)
        // Somebody changed it, and nobody knows when.
        if result != before, !fields.contains("updated_at") { result.updatedAt = nil }
        return result
    }

    private static func copy(_ fields: Set<String>, of source: BlazarLease, to lease: inout BlazarLease) {
        lease.startsAt = source.startsAt
        lease.endsAt = source.endsAt
        for field in fields {
            switch field {
            case "name": lease.name = source.name
            case "user_id": lease.userID = source.userID
            case "project_id": lease.projectID = source.projectID
            case "status": lease.status = source.status
            case "degraded": lease.isDegraded = source.isDegraded
            case "trust_id": lease.trustID = source.trustID
            case "created_at": lease.createdAt = source.createdAt
            case "updated_at": lease.updatedAt = source.updatedAt
            case "reservations": lease.reservations = source.reservations
            case "events": lease.events = source.events
            default: break
            }
        }
    }
}

/// When a state was seen in part only, before and after it was seen as a whole.
///
/// What is missing of such a sighting is taken from what else is known, so that it has to be told apart: whatever is
/// learned later of the time around it completes it otherwise.
package struct PartialObservations: Sendable, Hashable {
    /// One of them.
    package struct Observation: Sendable, Hashable {
        /// When it was.
        package let at: Timestamp
        /// What was seen: fields by Blazar's names.
        package let fields: Set<String>

        package init(at: Timestamp, fields: Set<String>) {
            self.at = at
            self.fields = fields
        }
    }

    /// When the state was first and last seen as a whole; `nil` if never.
    package private(set) var whole: ClosedRange<Timestamp>?
    /// The others, ascending.
    package private(set) var parts: [Observation]

    package init(whole: ClosedRange<Timestamp>?, parts: [Observation]) {
        self.whole = whole
        self.parts = parts
    }

    /// Adds that the state was seen as a whole, later than all of these.
    package mutating func addWhole(_ seen: ClosedRange<Timestamp>) {
        let first = whole?.lowerBound ?? seen.lowerBound
        whole = first...max(first, seen.upperBound)
        parts.removeAll { first <= $0.at }
    }

    /// Adds that the state was seen in part, no earlier than all of these.
    package mutating func add(_ part: Observation) {
        if let whole, part.at <= whole.upperBound { return }
        parts.append(part)
    }

    /// What of these matters for a state that was seen in a time: a list that had it later has seen it as a whole.
    ///
    /// - Returns: `nil` if the state was seen as a whole at both ends, or if these are of another state.
    func inState(from first: Timestamp, until last: Timestamp) -> PartialObservations? {
        let moments = parts.map(\.at) + (whole.map { [$0.lowerBound, $0.upperBound] } ?? [])
        guard moments.allSatisfy({ first <= $0 && $0 <= last }), moments.contains(first) else { return nil }
        var result = self
        if !moments.contains(last) { result.addWhole(last...last) }
        return result.parts.isEmpty ? nil : result
    }
}

// MARK: - How they are kept

extension PartialObservations {
    /// The name of the member of a stored lease that tells of them; no server has it.
    package static let key = "leasehold:partial"

    /// Reads the member; `nil` if it is something else.
    package init?(json: JSONValue) {
        guard let object = json.objectValue, let list = object["parts"]?.arrayValue else { return nil }
        func time(_ value: JSONValue?) -> Timestamp? {
            value?.intValue.map { Timestamp(secondsSince1970: Int64($0)) }
        }
        var parts: [Observation] = []
        for item in list {
            guard let item = item.arrayValue, let at = time(item.first), parts.last.map({ $0.at <= at }) ?? true
            else { return nil }
            parts.append(Observation(at: at, fields: Set(item.dropFirst().compactMap(\.stringValue))))
        }
        var whole: ClosedRange<Timestamp>?
        if let first = time(object["whole_from"]), let last = time(object["whole_until"]), first <= last {
            whole = first...last
        }
        self.init(whole: whole, parts: parts)
    }

    /// The value of the member.
    package var json: JSONValue {
        func number(_ time: Timestamp) -> JSONValue { JSONValue(Int(time.secondsSince1970)) }
        var object: JSONObject = [
            "parts": .array(parts.map { .array([number($0.at)] + $0.fields.sorted().map(JSONValue.string)) })
        ]
        if let whole {
            object["whole_from"] = number(whole.lowerBound)
            object["whole_until"] = number(whole.upperBound)
        }
        return .object(object)
    }
}
