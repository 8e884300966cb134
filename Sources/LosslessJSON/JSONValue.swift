/// A JSON value that loses nothing: members keep their order, numbers keep the text they were written with.
///
/// Blazar's bodies carry keys that differ by release, plugin and site, and they must survive a round trip. Foundation's
/// decoders drop what a type does not name, reorder members and turn every number into a `Double` or `Int`; this type
/// and its parser do neither.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The string, or `nil` if this is something else.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The boolean, or `nil` if this is something else.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number as a whole number, or `nil` if this is something else or does not fit.
    public var intValue: Int? {
        if case .number(let value) = self { value.intValue } else { nil }
    }

    /// The number, or `nil` if this is something else.
    public var doubleValue: Double? {
        if case .number(let value) = self { value.doubleValue } else { nil }
    }

    /// The elements, or `nil` if this is not an array.
    public var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, or `nil` if this is not an object.
    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// The member of that name, or `nil` if this is not an object or has none.
    public subscript(key: String) -> JSONValue? { objectValue?[key] }

    /// What kind of JSON value this is, for error messages: `null`, `boolean`, `number`, `string`, `array`, `object`.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

/// A JSON number, kept as the text it was written with.
public struct JSONNumber: Sendable, Hashable, CustomStringConvertible {
    /// The number as written, for example `1.50` or `12345678901234567890`.
    public let text: String

    /// Makes a number from text that the parser found to be one.
    init(text: String) { self.text = text }

    /// Makes a number from a whole number.
    public init(_ value: Int) { text = String(value) }

    /// Makes a number from a floating-point value, or `nil` if JSON cannot write it (infinite, not a number).
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = String(value)
    }

    /// Makes a number with two places after the point, without those that are zero: `150` is `1.5`.
    package init(hundredths: Int) {
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        let places = rest == 0 ? "" : rest % 10 == 0 ? ".\(rest / 10)" : rest < 10 ? ".0\(rest)" : ".\(rest)"
        text = (hundredths < 0 ? "-" : "") + "\(whole)" + places
    }

    /// The value as a whole number, if it is one and fits.
    public var intValue: Int? {
        if let value = Int(text) { return value }
        guard let value = Double(text) else { return nil }
        return Int(exactly: value)
    }

    /// The value as a floating-point number; digits beyond its precision are lost.
    public var doubleValue: Double? { Double(text) }

    public var description: String { text }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
    public init(nilLiteral: ()) { self = .null }

    /// A number.
    public init(_ value: Int) { self = .number(JSONNumber(value)) }

    /// A string, or `null`.
    public init(_ value: String?) { self = value.map(JSONValue.string) ?? .null }

    /// A boolean, or `null`.
    public init(_ value: Bool?) { self = value.map(JSONValue.bool) ?? .null }
}
