import LeaseModel

/// A table for a person at a terminal: without borders, and without lines wider than the screen.
///
/// Ids are cut to a distinguishing beginning, and uninformative columns are dropped. If the table is still too wide,
/// columns are dropped by their priority; then the last column of text wraps and others are cut. Times and numbers are
/// never cut. `--wide` shows all columns.
struct TerminalTable: ListRenderer {
    private let heads: [ColumnHead]
    private let style: OutputStyle
    private let time: TimeText
    private var rows: [[CellText]] = []
    private var facts: [Facts]

    /// What is known about a column after its cells have been read.
    private struct Facts {
        var hasTime = false
        var hasNumber = false
        var hasText = false
        var isEmpty = true
        /// The first value, and whether all are the same.
        var first: Cell?
        var isConstant = true

        mutating func note(_ cell: Cell) {
            if let first { isConstant = isConstant && first == cell } else { first = cell }
            guard !cell.isMissing || cell == .unknown else { return }
            isEmpty = false
            switch cell {
            case .time: hasTime = true
            case .number, .decimal, .duration, .range, .json(.number): hasNumber = true
            case .unknown: break
            default: hasText = true
            }
        }

        var alignsRight: Bool { hasNumber && !hasText && !hasTime }
        /// Whether a value may be cut or wrapped.
        var isFlexible: Bool { hasText && !hasTime }
    }

    init(heads: [ColumnHead], style: OutputStyle) {
        self.heads = heads
        self.style = style
        time = style.time
        facts = heads.map { _ in Facts() }
    }

    mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
        rows.append(cells.map { CellText(forTerminal: $0, time: time) })
        for (index, cell) in cells.enumerated() { facts[index].note(cell) }
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {
        guard !heads.isEmpty, !rows.isEmpty else { return }
        for index in heads.indices where heads[index].isIdentifier { shorten(index) }
        let telling = heads.indices.filter { index in
            let (head, fact) = (heads[index], facts[index])
            return !(head.isOptional && fact.isEmpty) && !(head.isContext && fact.isConstant)
        }
        let titles = zip(heads, facts).map { head, fact in
            CellText(fact.hasTime ? "\(head.heading) (\(style.zone.city))" : head.heading)
        }
        let natural = telling.map { index in
            rows.reduce(TextWidth.columns(titles[index].text)) { max($0, TextWidth.columns($1[index].text)) }
        }
        let canShrink = telling.map { heads[$0].isShrinkable && facts[$0].isFlexible }
        let kept = TableLayout.kept(
            zip(natural, canShrink).map { $1 ? min($0, Self.comfortable) : $0 },
            ranks: ranks(of: telling), within: style.width, frame: .spaces)
        let columns = kept.map { telling[$0] }
        let widths = TableLayout.fit(
            kept.map { natural[$0] }, canShrink: kept.map { canShrink[$0] }, into: style.width, frame: .spaces)
        let wrapping = !style.wraps ? nil : kept.indices.last { canShrink[kept[$0]] }
        try write(titles, columns, widths, wrapping: wrapping, isColored: false, to: &sink)
        for row in rows {
            try write(row, columns, widths, wrapping: wrapping, isColored: style.usesColor, to: &sink)
        }
    }

    /// The order in which columns are dropped: by their priority, then those without one, from the last to the third.
    /// Columns that the user named stay.
    private func ranks(of columns: [Int]) -> [Int?] {
        columns.enumerated().map { place, index in
            let head = heads[index]
            return head.dropPriority ?? (head.isOptional && place > 1 ? 1_000_000 - place : nil)
        }
    }

    /// Other columns are dropped before a text column becomes narrower than this.
    private static let comfortable = 20

    /// Cuts the values of a column to a distinguishing beginning of at least eight characters.
    private mutating func shorten(_ index: Int) {
        let values = Set(rows.map { $0[index].text })
        var length = 8
        while Set(values.map { $0.prefix(length) }).count < values.count { length += 1 }
        for row in rows.indices {
            let cell = rows[row][index]
            rows[row][index] = CellText(String(cell.text.prefix(length)), cell.emphasis)
        }
    }

    private func write(
        _ row: [CellText], _ columns: [Int], _ widths: [Int], wrapping: Int?, isColored: Bool,
        to sink: inout some TextSink
    ) throws(OutputError) {
        let lines: [[String]] = columns.indices.map { place in
            let text = row[columns[place]].text
            return place == wrapping
                ? TextWidth.wrapped(text, to: widths[place]) : [TextWidth.cut(text, to: widths[place])]
        }
        for number in 0..<(lines.map(\.count).max() ?? 0) {
            var line = ""
            var pending = ""
            for (place, index) in columns.enumerated() {
                let text = number < lines[place].count ? lines[place][number] : ""
                let padding = String(repeating: " ", count: max(0, widths[place] - TextWidth.columns(text)))
                let shown = isColored ? CellText.colored(text, row[index].emphasis) : text
                // No spaces after the last word of a line.
                if facts[index].alignsRight { pending += padding }
                if text.contains(where: { $0 != " " }) {
                    line += pending + shown
                    pending = ""
                }
                if !facts[index].alignsRight { pending += padding }
                pending += "  "
            }
            try sink.write(line + "\n")
        }
    }
}
