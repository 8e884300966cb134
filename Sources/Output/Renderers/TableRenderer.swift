import LeaseModel

/// A table with borders, drawn as OpenStack's client draws them.
///
/// Columns are as wide as their widest cell, so nothing can be drawn before the last row has come. Until then, the text
/// of the cells is stored in one block of bytes, which takes about a fifth of the rows' own memory; the rows are
/// released. (If only the first rows were measured, later ones could be too wide.)
struct TableRenderer: ListRenderer {
    private struct StoredCell {
        let end: Int
        let width: Int32
        let emphasis: CellText.Emphasis
    }

    fileprivate struct ColumnFacts {
        var width: Int
        var hasTime = false
        var hasNumber = false
        var hasOther = false
        /// Numbers are aligned by their last digit.
        var alignsRight: Bool { hasNumber && !hasOther }
    }

    private let heads: [ColumnHead]
    private let style: OutputStyle
    private let timeText: TimeText
    private var bytes: [UInt8] = []
    private var cells: [StoredCell] = []
    private var columns: [ColumnFacts]

    init(heads: [ColumnHead], style: OutputStyle) {
        self.heads = heads
        self.style = style
        timeText = TimeText(zone: style.zone)
        columns = heads.map { ColumnFacts(width: TextWidth.columns($0.title)) }
    }

    mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            let shown = CellText(cell, time: timeText.short)
            let width = TextWidth.columns(shown.text)
            bytes.append(contentsOf: shown.text.utf8)
            self.cells.append(
                StoredCell(end: bytes.count, width: Int32(clamping: width), emphasis: shown.emphasis))
            columns[index].note(cell, width: width)
        }
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {
        guard !heads.isEmpty, !cells.isEmpty else {
            // As in OpenStack's client, an empty line distinguishes "no results" from "not run".
            try sink.write("\n")
            return
        }
        // The zone is in the heading, so that a table that is copied elsewhere still shows it.
        let titles = zip(heads, columns).map { $1.hasTime ? "\($0.title) (\(style.zone.name))" : $0.title }
        let natural = zip(titles, columns).map { max(TextWidth.columns($0), $1.width) }
        let kept = TableLayout.kept(natural, ranks: heads.map(\.dropPriority), within: style.width)
        let widths = TableLayout.fit(
            kept.map { natural[$0] }, canShrink: kept.map { heads[$0].isShrinkable }, into: style.width)
        let rule = TableLayout.rule(widths)
        try sink.write(rule)
        try sink.write(line(titles.map { CellText($0) }, kept, widths))
        try sink.write(rule)
        var start = 0
        for rowStart in stride(from: 0, to: cells.count, by: heads.count) {
            let row = cells[rowStart..<min(rowStart + heads.count, cells.count)].map { cell in
                defer { start = cell.end }
                return CellText(String(decoding: bytes[start..<cell.end], as: UTF8.self), cell.emphasis)
            }
            try sink.write(line(row, kept, widths))
        }
        try sink.write(rule)
    }

    private func line(_ texts: [CellText], _ kept: [Int], _ widths: [Int]) -> String {
        var line = "|"
        for (index, width) in zip(kept, widths) {
            let cell = texts[index]
            let text = TextWidth.cut(cell.text, to: width)
            let padding = String(repeating: " ", count: max(0, width - TextWidth.columns(text)))
            let shown = style.usesColor ? CellText.colored(text, cell.emphasis) : text
            line += columns[index].alignsRight ? " \(padding)\(shown) |" : " \(shown)\(padding) |"
        }
        return line + "\n"
    }
}

extension TableRenderer.ColumnFacts {
    fileprivate mutating func note(_ cell: Cell, width newWidth: Int) {
        width = max(width, newWidth)
        switch cell {
        case .missing, .unknown: break
        case .number, .decimal, .range: hasNumber = true
        case .time:
            hasTime = true
            hasOther = true
        default: hasOther = true
        }
    }
}
