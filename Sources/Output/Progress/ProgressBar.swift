import LeaseModel

/// A progress bar as a value. Each call takes the time and returns the text to write.
///
/// It draws only with carriage returns and spaces, so that it needs no other abilities of the terminal.
package struct ProgressBar: Sendable {
    /// What is counted.
    package enum Unit: Sendable, Hashable {
        case bytes
        /// Things with a plural name, such as `leases`.
        case count(String)
    }

    private let unit: Unit
    private let width: Int
    private let interval: Duration
    private var label: String
    private var completed: Int64 = 0
    private var total: Int64?
    private var startedAt: Duration?
    private var drawnAt: Duration?
    private var drawings = 0
    /// The number of columns that the bar takes on the screen now.
    private var drawnWidth = 0

    /// - Parameters:
    ///   - label: what is being done, in a word or two.
    ///   - unit: what is counted.
    ///   - total: the total amount; `nil` while it is not known.
    ///   - width: the terminal's columns.
    ///   - interval: the minimum time between two drawings.
    package init(
        label: String, unit: Unit, total: Int64? = nil, width: Int = 80, interval: Duration = .milliseconds(100)
    ) {
        self.label = label.escapedForTerminal
        self.unit = unit
        self.total = total
        self.width = width
        self.interval = interval
    }

    /// Updates the progress. If the last drawing is too recent, there is no text to write.
    ///
    /// - Parameters:
    ///   - completed: the total amount done.
    ///   - total: the total amount, if it is now known.
    ///   - label: what is being done now, if that changed.
    ///   - now: the time since any fixed moment, on a clock that never goes back.
    /// - Returns: the text to write to the terminal, which may be empty.
    package mutating func update(
        completed: Int64, total: Int64? = nil, label: String? = nil, at now: Duration
    ) -> String {
        self.completed = completed
        if let total { self.total = total }
        if let label { self.label = label.escapedForTerminal }
        if startedAt == nil { startedAt = now }
        if let drawnAt, now - drawnAt < interval { return "" }
        drawnAt = now
        return drawing(at: now)
    }

    /// Text that writes a message on a line of its own, with the bar below it.
    package mutating func message(_ message: String, at now: Duration) -> String {
        let cleared = clearing()
        let isShown = drawnAt != nil
        return cleared + message.escapedForTerminal + "\n" + (isShown ? drawing(at: now) : "")
    }

    /// Text that removes the bar from the screen.
    package mutating func finish() -> String {
        drawnAt = nil
        return clearing()
    }

    private mutating func clearing() -> String {
        guard drawnWidth > 0 else { return "" }
        defer { drawnWidth = 0 }
        return "\r" + String(repeating: " ", count: drawnWidth) + "\r"
    }

    private mutating func drawing(at now: Duration) -> String {
        // The last column stays empty: some terminals break the line after writing there.
        let text = TextWidth.cut(line(at: now), to: max(1, width - 1))
        let columns = TextWidth.columns(text)
        let rest = String(repeating: " ", count: max(0, drawnWidth - columns))
        drawnWidth = columns
        drawings += 1
        return "\r" + text + rest
    }

    private func line(at now: Duration) -> String {
        let elapsed = Double((now - (startedAt ?? now)) / .milliseconds(1)) / 1_000
        let rate = elapsed >= 1 ? Double(completed) / elapsed : 0
        var parts = [label]
        if let total, total > 0 {
            let fraction = min(1, max(0, Double(completed) / Double(total)))
            let filled = Int(fraction * 20)
            parts.append("[" + String(repeating: "#", count: filled) + String(repeating: "-", count: 20 - filled) + "]")
            parts.append("\(Int(fraction * 100)) %")
        } else {
            parts.append(["|", "/", "-", "\\"][drawings % 4])
        }
        parts.append(amount)
        if rate > 0 {
            if unit == .bytes { parts.append("\(Self.bytes(rate))/s") }
            if let total, total > completed {
                let seconds = Int64(min(Double(total - completed) / rate, 8_640_000).rounded(.up))
                parts.append("\(TimeText.duration(seconds: seconds)) left")
            }
        }
        return parts.filter { !$0.isEmpty }.joined(separator: "  ")
    }

    private var amount: String {
        switch unit {
        case .bytes:
            total.map { "\(Self.bytes(Double(completed))) of \(Self.bytes(Double($0)))" }
                ?? Self.bytes(Double(completed))
        case .count(""): ""
        case .count(let things):
            total.map { "\(completed) of \($0) \(things)" } ?? "\(completed) \(things)"
        }
    }

    /// A number of bytes in decimal units, with one decimal place: `158.2 MB`.
    package static func bytes(_ count: Double) -> String {
        var value = count
        for unit in ["B", "kB", "MB"] {
            if value < 999.95 {
                return unit == "B" ? "\(Int(value)) B" : "\(tenths(value)) \(unit)"
            }
            value /= 1_000
        }
        return "\(tenths(value)) GB"
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
