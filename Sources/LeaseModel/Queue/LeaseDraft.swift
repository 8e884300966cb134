/// A lease to create.
public struct LeaseDraft: Sendable, Hashable {
    /// When it starts.
    public enum Start: Sendable, Hashable {
        /// When the server receives it.
        case now
        /// At this moment, truncated to the minute.
        case at(Timestamp)
    }

    /// Its name, at most 80 characters. Blazar answers a longer one with a bare 500.
    public var name: String
    /// When it starts.
    public var start: Start
    /// When it ends, truncated to the minute.
    public var endsAt: Timestamp
    /// When to send the notice before the end; `nil` leaves it to the site.
    public var beforeEnd: Timestamp?
    /// The reservations, as Blazar accepts them.
    public var reservations: [JSONObject]
    /// Other fields of the POST.
    public var extra: JSONObject

    /// Makes a draft.
    public init(
        name: String, start: Start, endsAt: Timestamp, beforeEnd: Timestamp? = nil, reservations: [JSONObject],
        extra: JSONObject = [:]
    ) {
        self.name = name
        self.start = start
        self.endsAt = endsAt
        self.beforeEnd = beforeEnd
        self.reservations = reservations
        self.extra = extra
    }

    /// The longest name that Blazar accepts, in characters.
    public static let longestName = 80

    /// The body of the POST.
    public var body: JSONObject {
        var object: JSONObject = ["name": .string(name)]
        switch start {
        case .now: object["start_date"] = "now"
        case .at(let time): object["start_date"] = .string(time.blazarRequest)
        }
        object["end_date"] = .string(endsAt.blazarRequest)
        if let beforeEnd { object["before_end_date"] = .string(beforeEnd.blazarRequest) }
        object["reservations"] = .array(reservations.map(JSONValue.object))
        object.merge(extra)
        return object
    }

    /// Decodes a draft from the body of a POST.
    ///
    /// - Throws: ``DraftError`` naming the invalid field.
    public init(body: JSONObject) throws(DraftError) {
        var reader = FieldReader(body)
        guard let name = reader.string("name") else { throw DraftError(field: "name", problem: "is missing") }
        let startText = reader.string("start_date") ?? "now"
        let start: Start
        if startText == "now" {
            start = .now
        } else if let time = Timestamp(parsing: startText) {
            start = .at(time)
        } else {
            throw DraftError(field: "start_date", problem: "is not a date: \(startText)")
        }
        guard let end = reader.time("end_date") else {
            throw DraftError(field: "end_date", problem: "is missing or not a date")
        }
        let before = reader.time("before_end_date")
        let reservations = (reader.array("reservations") ?? []).compactMap(\.objectValue)
        self.init(
            name: name, start: start, endsAt: end, beforeEnd: before, reservations: reservations,
            extra: reader.remainder)
    }

    /// What is wrong with a name; `nil` if it is valid.
    static func nameProblem(_ name: String) -> String? {
        if name.isEmpty { return "is empty" }
        let length = name.unicodeScalars.count
        guard length > longestName else { return nil }
        return "has \(length) characters; Blazar takes \(longestName) at most"
    }

    /// What is wrong with the draft. Nothing is sent to find out.
    ///
    /// - Parameter now: the current time, for a draft that starts now.
    /// - Returns: every problem, in the order of the fields; empty if there is none.
    public func problems(now: Timestamp) -> [DraftError] {
        var problems: [DraftError] = []
        if let problem = Self.nameProblem(name) { problems.append(DraftError(field: "name", problem: problem)) }
        let startsAt: Timestamp = if case .at(let time) = start { time } else { now }
        if endsAt.truncatedToMinute <= startsAt.truncatedToMinute {
            problems.append(DraftError(field: "end_date", problem: "is not after the start"))
        }
        for (index, reservation) in reservations.enumerated() {
            guard let type = reservation["resource_type"]?.stringValue, !type.isEmpty else {
                problems.append(DraftError(field: "reservations[\(index)].resource_type", problem: "is missing"))
                continue
            }
        }
        return problems
    }
}

/// What is wrong with a draft.
public struct DraftError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The invalid field.
    public let field: String
    /// What is wrong with it.
    public let problem: String

    /// Makes an error.
    public init(field: String, problem: String) {
        self.field = field
        self.problem = problem
    }

    public var description: String { "\(field) \(problem)" }
}
