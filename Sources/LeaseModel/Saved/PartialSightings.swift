/// When a state was seen in part only, before and after it was seen as a whole.
///
/// What is missing of such a sighting is taken from what else is known, so that it has to be told apart: whatever is
/// learned later of the time around it completes it otherwise.
package struct PartialSightings: Sendable, Hashable {
    /// One of them.
    package struct Sighting: Sendable, Hashable {
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
    package private(set) var parts: [Sighting]

    package init(whole: ClosedRange<Timestamp>?, parts: [Sighting]) {
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
    package mutating func add(_ part: Sighting) {
        if let whole, part.at <= whole.upperBound { return }
        parts.append(part)
    }

    /// What of these matters for a state that was seen in a time: a list that had it later has seen it as a whole.
    ///
    /// - Returns: `nil` if the state was seen as a whole at both ends, or if these are of another state.
    func inState(from first: Timestamp, until last: Timestamp) -> PartialSightings? {
        let moments = parts.map(\.at) + (whole.map { [$0.lowerBound, $0.upperBound] } ?? [])
        guard moments.allSatisfy({ first <= $0 && $0 <= last }), moments.contains(first) else { return nil }
        var result = self
        if !moments.contains(last) { result.addWhole(last...last) }
        return result.parts.isEmpty ? nil : result
    }
}

// MARK: - How they are kept

extension PartialSightings {
    /// The name of the member of a stored lease that tells of them; no server has it.
    package static let key = "leasehold:partial"

    /// Reads the member; `nil` if it is something else.
    package init?(json: JSONValue) {
        guard let object = json.objectValue, let list = object["parts"]?.arrayValue else { return nil }
        func time(_ value: JSONValue?) -> Timestamp? {
            value?.intValue.map { Timestamp(secondsSince1970: Int64($0)) }
        }
        var parts: [Sighting] = []
        for item in list {
            guard let item = item.arrayValue, let at = time(item.first), parts.last.map({ $0.at <= at }) ?? true
            else { return nil }
            parts.append(Sighting(at: at, fields: Set(item.dropFirst().compactMap(\.stringValue))))
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
