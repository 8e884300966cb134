/// A lease of which a list shows only some columns. OpenStack's client lists only names and dates by default.
package struct PartialLease: Sendable, Hashable {
    /// The lease. Unknown fields are blank.
    package let lease: BlazarLease
    /// The known fields, by Blazar's names. The dates are always known.
    package let fields: Set<String>

    /// Whether these fields make up a whole lease.
    static func isWhole(_ fields: Set<String>) -> Bool {
        fields.isSuperset(of: ["name", "user_id", "project_id", "status", "reservations", "events"])
    }

    /// Keeps some fields of a lease and discards the others.
    package init(_ source: BlazarLease, fields: Set<String>) {
        self.fields = fields
        var lease = BlazarLease(
            id: source.id, name: "", userID: "", projectID: "", startsAt: source.startsAt, endsAt: source.endsAt,
            status: LeaseStatus(rawValue: ""))
        Self.copy(fields, of: source, to: &lease)
        self.lease = lease
    }

    /// The whole lease, as far as it can be reconstructed.
    ///
    /// - Parameters:
    ///   - before: the lease as it was known before; `nil` if it was unknown.
    ///   - after: the lease as it was known later. Its owner and project never change, so they are taken from it.
    ///   - projectID: the project of a lease about which nothing else is known.
    /// - Returns: the known fields, and the rest from before. A status that was never known is empty.
    package func completed(from before: BlazarLease?, orOwner after: BlazarLease?, projectID: String) -> BlazarLease {
        var result = before ?? lease
        if before == nil {
            result.userID = after?.userID ?? ""
            result.projectID = after?.projectID ?? projectID
            result.createdAt = after?.createdAt
        }
        Self.copy(fields, of: lease, to: &result)
        // Somebody changed the lease, and it is unknown when.
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

/// When only part of a state was seen, besides when all of it was seen.
///
/// The missing part of such an observation is filled in from other observations. It must be kept apart from complete
/// ones, because anything learned later about that time may fill it in differently.
package struct PartialObservations: Sendable, Hashable {
    /// One partial observation.
    package struct Observation: Sendable, Hashable {
        /// When it was.
        package let at: Timestamp
        /// The fields that were seen, by Blazar's names.
        package let fields: Set<String>

        package init(at: Timestamp, fields: Set<String>) {
            self.at = at
            self.fields = fields
        }
    }

    /// When all of the state was first and last seen; `nil` if never.
    package private(set) var whole: ClosedRange<Timestamp>?
    /// The partial observations, in ascending order of time.
    package private(set) var parts: [Observation]

    package init(whole: ClosedRange<Timestamp>?, parts: [Observation]) {
        self.whole = whole
        self.parts = parts
    }

    /// Adds that all of the state was seen, later than everything here.
    package mutating func addWhole(_ seen: ClosedRange<Timestamp>) {
        let first = whole?.lowerBound ?? seen.lowerBound
        whole = first...max(first, seen.upperBound)
        parts.removeAll { first <= $0.at }
    }

    /// Adds that part of the state was seen, no earlier than everything here.
    package mutating func add(_ part: Observation) {
        if let whole, part.at <= whole.upperBound { return }
        parts.append(part)
    }

    /// The observations that matter for a state that was seen in a period. If the period ends after all of them, a
    /// later list saw all of the state.
    ///
    /// - Returns: `nil` if all of the state was seen at both ends, or if these observations are of another state.
    func inState(from first: Timestamp, until last: Timestamp) -> PartialObservations? {
        let moments = parts.map(\.at) + (whole.map { [$0.lowerBound, $0.upperBound] } ?? [])
        guard moments.allSatisfy({ first <= $0 && $0 <= last }), moments.contains(first) else { return nil }
        var result = self
        if !moments.contains(last) { result.addWhole(last...last) }
        return result.parts.isEmpty ? nil : result
    }
}

// MARK: - Storage

extension PartialObservations {
    /// The member of a stored lease that holds its partial observations. No server sends it.
    package static let key = "leasehold:partial"

    /// Decodes the member; `nil` if it is malformed.
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
