/// A JSON value that loses nothing: members keep their order, and numbers keep the text they were written as.
///
/// The keys in Blazar's bodies differ by release, plugin and site, and all of them must survive a round trip.
/// Foundation's decoders drop the members that a type does not name, reorder the rest, and turn every number into a
/// `Double` or an `Int`. This type and its parser do none of that.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The string, or `nil` if the value is of another kind.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The boolean, or `nil` if the value is of another kind.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number as an integer, or `nil` if the value is of another kind, has a fraction or does not fit in an `Int`.
    public var intValue: Int? {
        if case .number(let value) = self { value.intValue } else { nil }
    }

    /// The number, or `nil` if the value is of another kind.
    public var doubleValue: Double? {
        if case .number(let value) = self { value.doubleValue } else { nil }
    }

    /// The elements, or `nil` if the value is not an array.
    public var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, or `nil` if the value is not an object.
    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// Whether the value is `null`.
    public var isNull: Bool { self == .null }

    /// The member with that name, or `nil` if the value is not an object or has no such member.
    public subscript(key: String) -> JSONValue? { objectValue?[key] }

    /// The kind of JSON value, for error messages: `null`, `boolean`, `number`, `string`, `array` or `object`.
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

/// A JSON number, kept as the text it was written as.
public struct JSONNumber: Sendable, Hashable, CustomStringConvertible {
    /// The number as written, for example `1.50` or `12345678901234567890`.
    public let text: String

    /// Makes a number from text that the parser has checked.
    init(text: String) { self.text = text }

    /// Makes a number from an integer.
    public init(_ value: Int) { text = String(value) }

    /// Makes a number from a floating-point value, or `nil` if the value is infinite or NaN, which JSON cannot express.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = String(value)
    }

    /// Makes a number from hundredths, with at most two decimal places and no trailing zeros: `150` becomes `1.5`.
    package init(hundredths: Int) {
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        let places = rest == 0 ? "" : rest % 10 == 0 ? ".\(rest / 10)" : rest < 10 ? ".0\(rest)" : ".\(rest)"
        text = (hundredths < 0 ? "-" : "") + "\(whole)" + places
    }

    /// The value as an integer, or `nil` if it has a fraction or does not fit in an `Int`.
    public var intValue: Int? {
        if let value = Int(text) { return value }
        guard let value = Double(text) else { return nil }
        return Int(exactly: value)
    }

    /// The value as a floating-point number. Digits beyond its precision are lost.
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
