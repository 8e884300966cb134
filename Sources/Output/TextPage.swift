import LeaseModel

/// A page of text for a person: lines, fields and sections, none wider than the terminal.
///
/// Text is escaped and wrapped here, so that the code that composes a page need not do it.
package struct TextPage: Sendable {
    /// A line before its layout.
    private struct Line: Sendable {
        var indent = 0
        /// The text at the beginning, such as the name of a field. Wrapped lines begin after it.
        var label = ""
        var text: String
        /// The text at the right. If there is no room, it gets a line of its own.
        var right = ""
        var emphasis = CellText.Emphasis.none
    }

    private let style: OutputStyle
    private var lines: [Line] = []

    package init(_ style: OutputStyle) { self.style = style }

    /// How times are written.
    package var time: TimeText { style.time }

    /// Adds a line.
    package mutating func line(
        _ text: String, right: String = "", indent: Int = 0, emphasis: CellText.Emphasis = .none
    ) {
        lines.append(Line(indent: indent, text: text, right: right, emphasis: emphasis))
    }

    /// Adds a named value. A value that wraps continues below itself.
    package mutating func field(
        _ name: String, _ text: String, right: String = "", indent: Int = 2, width: Int = 10,
        emphasis: CellText.Emphasis = .none
    ) {
        let padding = String(repeating: " ", count: max(1, width - TextWidth.columns(name)))
        lines.append(Line(indent: indent, label: name + padding, text: text, right: right, emphasis: emphasis))
    }

    /// Adds rows of columns, each as wide as its widest text. The last column wraps.
    package mutating func columns(_ rows: [[String]], indent: Int = 2) {
        let count = rows.reduce(0) { max($0, $1.count) }
        guard count > 0 else { return }
        let safe = rows.map { $0.map(\.escapedForTerminal) }
        let widths = (0..<count).map { column in
            safe.reduce(0) { max($0, column < $1.count ? TextWidth.columns($1[column]) : 0) }
        }
        for row in safe {
            var label = ""
            for (column, text) in row.dropLast().enumerated() {
                label += text + String(repeating: " ", count: widths[column] - TextWidth.columns(text) + 2)
            }
            lines.append(Line(indent: indent, label: label, text: row.last ?? ""))
        }
    }

    /// Writes the page.
    package func write(to sink: inout some TextSink) throws(OutputError) {
        for line in lines { try sink.write(laidOut(line)) }
        try sink.flush()
    }

    private func laidOut(_ line: Line) -> String {
        let indent = String(repeating: " ", count: line.indent)
        let label = line.label.escapedForTerminal
        let hanging = indent + String(repeating: " ", count: TextWidth.columns(label))
        let room = style.width.map { max(20, $0 - TextWidth.columns(hanging)) }
        let texts =
            room.map { TextWidth.wrapped(line.text.escapedForTerminal, to: $0) } ?? [line.text.escapedForTerminal]
        var rows = texts.enumerated().map { number, text in
            (number == 0 ? indent + label : hanging) + (style.usesColor ? CellText.colored(text, line.emphasis) : text)
        }
        if !line.right.isEmpty {
            let right = line.right.escapedForTerminal
            let used = TextWidth.columns(hanging) + (texts.first.map(TextWidth.columns) ?? 0)
            let fits = style.width.map { used + 3 + TextWidth.columns(right) <= $0 } ?? true
            if fits, rows.count == 1 { rows[0] += "   " + right } else { rows.append(hanging + right) }
        }
        return rows.map { row in
            let spaces = row.reversed().prefix { $0 == " " }.count
            return row.dropLast(spaces) + "\n"
        }.joined()
    }
}
