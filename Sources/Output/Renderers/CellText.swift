import LeaseModel

/// A cell as shown in a table.
package struct CellText: Sendable {
    /// How a cell's text is emphasized.
    package enum Emphasis: UInt8, Sendable {
        case none
        case good
        case waiting
        case bad
        case past
    }

    package let text: String
    package let emphasis: Emphasis

    /// The cell on one line, control characters escaped.
    init(_ cell: Cell, time: (Timestamp) -> String) {
        switch cell {
        case .time(let moment): self.init(time(moment))
        case .duration(let seconds): self.init(TimeText.duration(seconds: seconds))
        case .status(let status): self.init(status.escapedForTerminal, Self.emphasis(ofStatus: status))
        case .decimal(let value, let places): self.init(Cell.fixed(value, places: places))
        case .unknown: self.init("unknown", .waiting)
        case .range(let least, let most): self.init(least == most ? String(least) : "\(least)-\(most)")
        case .json(let value): self.init(value.inWords.escapedForTerminal)
        default: self.init(cell.plainText?.escapedForTerminal ?? "")
        }
    }

    /// The cell as shown in a terminal's table: short, and never empty.
    init(forTerminal cell: Cell, time: TimeText) {
        switch cell {
        case .missing, .json(.null), .text(""): self.init("-")
        case .duration(let seconds): self.init(TimeText.compact(seconds: seconds))
        case .bool(let value), .json(.bool(let value)): self.init(value ? "yes" : "no")
        default: self.init(cell) { time.moment($0) }
        }
    }

    package init(_ text: String, _ emphasis: Emphasis = .none) {
        self.text = text
        self.emphasis = emphasis
    }

    /// Statuses of leases, reservations, events and writes use the same words, so one table is enough.
    package static func emphasis(ofStatus status: String) -> Emphasis {
        switch status.lowercased() {
        case "active", "done", "settled", "ok", "success": .good
        case "error", "rejected", "failed", "blocked", "suspect", "unknown": .bad
        case "terminated", "deleted", "vanished", "cancelled", "expired", "superseded": .past
        case "pending", "undone": .none
        default: .waiting
        }
    }

    /// The text in the color of its emphasis.
    package static func colored(_ text: String, _ emphasis: Emphasis) -> String {
        let code: String
        switch emphasis {
        case .none: return text
        case .good: code = "32"
        case .waiting: code = "33"
        case .bad: code = "31"
        case .past: code = "2"
        }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}

extension JSONValue {
    /// The value on one line, for people: `a, b`, `name a, count 2`.
    fileprivate var inWords: String {
        switch self {
        case .array(let elements): elements.map(\.inWords).joined(separator: elements.isNested ? "; " : ", ")
        case .object(let object): object.members.map { "\($0.key) \($0.value.inWords)" }.joined(separator: ", ")
        case .null: "none"
        case .bool(let value): value ? "True" : "False"
        case .string(let text): text
        case .number(let number): number.text
        }
    }
}

extension [JSONValue] {
    fileprivate var isNested: Bool {
        contains { value in
            if case .object = value { return true }
            if case .array = value { return true }
            return false
        }
    }
}
