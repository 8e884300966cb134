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

    /// Appends the value in JSON, as UTF-8.
    func writeJSON(to output: inout [UInt8], _ layout: JSONLayout = .compact, level: Int = 0) {
        switch self {
        case .text(let text), .status(let text): JSONValue.write(text, to: &output, layout)
        case .time(let time):
            output.append(UInt8(ascii: "\""))
            time.writeISO8601(to: &output)
            output.append(UInt8(ascii: "\""))
        default: json.write(to: &output, layout, level: level)
        }
    }

    /// The value as one line of plain text for programs, without escaping control characters; `nil` if there is none.
    ///
    /// Booleans are written as in OpenStack's client, which writes Python's.
    package var plainText: String? {
        var output: [UInt8] = []
        return writePlainText(to: &output) ? String(decoding: output, as: UTF8.self) : nil
    }

    /// Appends ``plainText`` as UTF-8.
    ///
    /// - Returns: whether there is any.
    func writePlainText(to output: inout [UInt8]) -> Bool {
        switch self {
        case .missing, .unknown, .json(.null): return false
        case .range(let least, let most):
            guard least == most else { return false }
            output.append(contentsOf: String(least).utf8)
        case .decimal(let value, _):
            guard let number = JSONNumber(value) else { return false }
            output.append(contentsOf: number.text.utf8)
        case .text(let text), .status(let text), .json(.string(let text)): output.append(contentsOf: text.utf8)
        case .number(let number), .json(.number(let number)): output.append(contentsOf: number.text.utf8)
        case .time(let time): time.writeISO8601(to: &output)
        case .duration(let seconds): output.append(contentsOf: String(seconds).utf8)
        case .bool(let value), .json(.bool(let value)): output.append(value ? "True" : "False")
        case .json(let value): value.write(to: &output, .spaced)
        }
        return true
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
    /// What a cell is sorted by, worked out once for each cell.
    ///
    /// Numbers and times are ordered by value, text as people order it (by letter, then by case), and everything else by
    /// its text. Values of different kinds are ordered by their texts.
    enum SortValue {
        case missing
        case seconds(Int64, Cell)
        case flag(Bool)
        case number(Double, Cell)
        case text(folded: String, String)

        init(_ cell: Cell) {
            if cell.isMissing {
                self = .missing
            } else if case .time(let moment) = cell {
                self = .seconds(moment.secondsSince1970, cell)
            } else if case .duration(let seconds) = cell {
                self = .seconds(seconds, cell)
            } else if case .bool(let value) = cell {
                self = .flag(value)
            } else if let value = cell.numericValue {
                self = .number(value, cell)
            } else {
                let text = cell.plainText ?? ""
                self = .text(folded: text.lowercased(), text)
            }
        }

        var isMissing: Bool {
            if case .missing = self { true } else { false }
        }

        private var texts: (folded: String, text: String) {
            switch self {
            case .missing: return ("", "")
            case .text(let folded, let text): return (folded, text)
            case .flag(let value):
                let text = Cell.bool(value).plainText ?? ""
                return (text.lowercased(), text)
            case .seconds(_, let cell), .number(_, let cell):
                let text = cell.plainText ?? ""
                return (text.lowercased(), text)
            }
        }

        /// Whether `left` sorts before `right`. A missing value comes last in either direction, so it is not compared
        /// here.
        static func precedes(_ left: SortValue, _ right: SortValue) -> Bool {
            switch (left, right) {
            case (.seconds(let left, .time), .seconds(let right, .time)),
                (.seconds(let left, .duration), .seconds(let right, .duration)):
                return left < right
            case (.flag(let left), .flag(let right)): return !left && right
            case (.number(let left, _), .number(let right, _)): return left < right
            default:
                let (left, right) = (left.texts, right.texts)
                return left.folded == right.folded ? left.text < right.text : left.folded < right.folded
            }
        }
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
