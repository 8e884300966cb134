/// Takes known fields out of a JSON object, one by one; what remains is kept as it came.
///
/// A known field whose value is not of the expected kind stays in the remainder, so that nothing the server said is
/// lost and nothing is made up.
struct FieldReader {
    private(set) var remainder: JSONObject

    init(_ object: JSONObject) { remainder = object }

    private mutating func take<Value>(_ key: String, _ convert: (JSONValue) -> Value?) -> Value? {
        guard let raw = remainder[key] else { return nil }
        if raw.isNull {
            _ = remainder.remove(key)
            return nil
        }
        guard let value = convert(raw) else { return nil }
        _ = remainder.remove(key)
        return value
    }

    mutating func string(_ key: String) -> String? { take(key, \.stringValue) }

    /// A string that is always there; empty if it is not. A `null` stays in the remainder: Chameleon gives one for the
    /// status of an event that was sent without, and it must not come back as an empty string.
    mutating func text(_ key: String) -> String {
        guard let raw = remainder[key], !raw.isNull else { return "" }
        return string(key) ?? ""
    }

    mutating func bool(_ key: String) -> Bool? { take(key, \.boolValue) }
    mutating func array(_ key: String) -> [JSONValue]? { take(key, \.arrayValue) }
    mutating func time(_ key: String) -> Timestamp? { take(key) { $0.stringValue.flatMap(Timestamp.init(parsing:)) } }
}

/// Why a JSON object is not a lease.
public struct LeaseDecodingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The lease, if it could be told.
    public let leaseID: String?
    /// The field at fault, for example `start_date` or `reservations[2].id`.
    public let field: String
    /// What is wrong with it.
    public let problem: String

    /// Makes an error about a field of a lease.
    public init(leaseID: String?, field: String, problem: String) {
        self.leaseID = leaseID
        self.field = field
        self.problem = problem
    }

    public var description: String { "lease \(leaseID ?? "(no id)"): \(field) \(problem)" }
}
