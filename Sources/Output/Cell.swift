package import LeaseModel

/// One value of a result. Its kind lets each format write it in its own way.
package enum Cell: Sendable, Hashable {
    /// There is no value.
    case missing
    /// Text, possibly written by a stranger. Each format makes it safe.
    case text(String)
    case number(JSONNumber)
    /// A number with a fraction: exact for programs, with this number of decimal places for people.
    case decimal(Double, places: Int)
    /// A number known only within bounds: `1-2` for people. Programs get a number if the bounds are equal.
    case range(Int, Int)
    /// A value that could not be measured: nothing for programs, and a word for people.
    case unknown
    /// A time: ISO 8601 in UTC for programs, in the reader's zone in tables.
    case time(Timestamp)
    /// A duration in seconds: a number for programs, `6 d 23 h` in tables.
    case duration(seconds: Int64)
    /// A status, colored on a terminal.
    case status(String)
    case bool(Bool)
    /// A nested value, such as reservations.
    case json(JSONValue)

    package static func number(_ value: Int) -> Cell { .number(JSONNumber(value)) }

    /// A number with a fraction, or an unknown one.
    package static func decimal(_ value: Double?, places: Int = 2) -> Cell {
        value.map { .decimal($0, places: places) } ?? .unknown
    }

    package static func text(_ value: String?) -> Cell { value.map { .text($0) } ?? .missing }

    package static func time(_ value: Timestamp?) -> Cell { value.map { .time($0) } ?? .missing }

    package static func bool(_ value: Bool?) -> Cell { value.map { .bool($0) } ?? .missing }
}

extension Cell {
    /// The value in JSON.
    package var json: JSONValue {
        switch self {
        case .missing, .unknown: .null
        case .range(let least, let most): least == most ? .number(JSONNumber(least)) : .null
        case .text(let text), .status(let text): .string(text)
        case .number(let number): .number(number)
        case .decimal(let value, _): JSONNumber(value).map(JSONValue.number) ?? .null
        case .time(let time): .string(time.iso8601)
        case .duration(let seconds): JSONValue(Int(seconds))
        case .bool(let value): .bool(value)
        case .json(let value): value
        }
    }

    /// The value as one line of plain text for programs, without escaping control characters; `nil` if there is none.
    ///
    /// Booleans are written as in OpenStack's client, which writes Python's.
    package var plainText: String? {
        switch self {
        case .missing, .unknown, .json(.null): nil
        case .range(let least, let most): least == most ? String(least) : nil
        case .decimal(let value, _): JSONNumber(value)?.text
        case .text(let text), .status(let text), .json(.string(let text)): text
        case .number(let number), .json(.number(let number)): number.text
        case .time(let time): time.iso8601
        case .duration(let seconds): String(seconds)
        case .bool(let value), .json(.bool(let value)): value ? "True" : "False"
        case .json(let value): value.text(.spaced)
        }
    }

    /// Whether it is a number. Tables align numbers on the right, and spreadsheets may calculate with them.
    package var isNumeric: Bool {
        switch self {
        case .number, .decimal, .duration, .range, .json(.number): true
        default: false
        }
    }
}

// MARK: - Order

extension Cell {
    /// Whether `left` sorts before `right`. Numbers and times are ordered by value, text as people order it (by letter,
    /// then by case), and everything else by its text. A missing value comes last in either direction, so it is not
    /// compared here.
    package static func precedes(_ left: Cell, _ right: Cell) -> Bool {
        switch (left, right) {
        case (.time(let left), .time(let right)): return left < right
        case (.duration(let left), .duration(let right)): return left < right
        case (.bool(let left), .bool(let right)): return !left && right
        default: break
        }
        if let left = left.numericValue, let right = right.numericValue { return left < right }
        let texts = (left.plainText ?? "", right.plainText ?? "")
        let folded = (texts.0.lowercased(), texts.1.lowercased())
        return folded.0 == folded.1 ? texts.0 < texts.1 : folded.0 < folded.1
    }

    private var numericValue: Double? {
        switch self {
        case .number(let number), .json(.number(let number)): number.doubleValue
        case .decimal(let value, _): value
        case .range(_, let most): Double(most)
        default: nil
        }
    }

    package var isMissing: Bool { self == .missing || self == .unknown || self == .json(.null) }

    /// A number with this number of decimal places, rounded to the nearest: `1234.50`.
    package static func fixed(_ value: Double, places: Int) -> String {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = (abs(value) * scale).rounded()
        // Beyond this, a double has no decimal places.
        guard scaled < 1e15 else { return "\(value)" }
        let digits = String(Int64(scaled))
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return places == 0 ? sign + padded : "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
    }
}
