import LeaseModel

/// A cell as a table shows it.
struct CellText {
    /// How a cell's text is set off.
    enum Emphasis: UInt8, Sendable {
        case none
        case good
        case waiting
        case bad
        case past
    }

    let text: String
    let emphasis: Emphasis

    /// The cell on one line, control characters escaped.
    init(_ cell: Cell, time: (Timestamp) -> String) {
        switch cell {
        case .time(let moment): self.init(time(moment))
        case .duration(let seconds): self.init(TimeText.duration(seconds: seconds))
        case .status(let status): self.init(status.escapedForTerminal, Self.emphasis(ofStatus: status))
        case .decimal(let value, let places): self.init(Cell.fixed(value, places: places))
        case .unknown: self.init("unknown", .waiting)
        default: self.init(cell.plainText?.escapedForTerminal ?? "")
        }
    }

    init(_ text: String, _ emphasis: Emphasis = .none) {
        self.text = text
        self.emphasis = emphasis
    }

    /// Lease, reservation, event and queue statuses share their words, so one table serves all.
    static func emphasis(ofStatus status: String) -> Emphasis {
        switch status.lowercased() {
        case "active", "done", "settled", "ok", "success": .good
        case "error", "rejected", "failed", "blocked", "suspect", "unknown": .bad
        case "terminated", "deleted", "vanished", "cancelled", "expired", "superseded": .past
        case "pending", "undone": .none
        default: .waiting
        }
    }

    /// The text in the colour of its emphasis.
    static func colored(_ text: String, _ emphasis: Emphasis) -> String {
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
