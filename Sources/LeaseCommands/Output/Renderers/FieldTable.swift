import LeaseModel

/// A table of two columns, Field and Value, for one result.
///
/// Values too long for the terminal are wrapped, not cut: who asks for one thing wants all of it.
struct FieldTable {
    let fields: [(head: ColumnHead, cell: Cell)]
    let style: OutputStyle

    func write(to sink: inout some TextSink) throws(OutputError) {
        let nameWidth = fields.reduce(5) { max($0, TextWidth.columns($1.head.title)) }
        // Seven columns go to borders and spaces.
        let room = style.width.map { max(10, $0 - nameWidth - 7) }
        let values = fields.map { lines($0.cell, room: room) }
        let valueWidth = values.reduce(5) { $1.reduce($0) { max($0, TextWidth.columns($1.text)) } }
        let rule = TableLayout.rule([nameWidth, valueWidth])
        try sink.write(rule + line("Field", CellText("Value"), nameWidth, valueWidth) + rule)
        for (field, value) in zip(fields, values) {
            for (index, text) in value.enumerated() {
                try sink.write(line(index == 0 ? field.head.title : "", text, nameWidth, valueWidth))
            }
        }
        try sink.write(rule)
    }

    private func lines(_ cell: Cell, room: Int?) -> [CellText] {
        let texts: [CellText]
        switch cell {
        case .json(.array(let elements)) where !elements.isEmpty: texts = Self.lines(.array(elements))
        case .json(.object(let object)) where !object.isEmpty: texts = Self.lines(.object(object))
        default: texts = [CellText(cell, time: TimeText(zone: style.zone).full)]
        }
        guard let room else { return texts }
        return texts.flatMap { text in
            TextWidth.wrapped(text.text, to: room).map { CellText($0, text.emphasis) }
        }
    }

    private static func lines(_ value: JSONValue) -> [CellText] {
        value.text(.pretty).split(separator: "\n").map { CellText(String($0).escapedForTerminal) }
    }

    private func line(_ name: String, _ value: CellText, _ nameWidth: Int, _ valueWidth: Int) -> String {
        func padding(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - TextWidth.columns(text)))
        }
        let shown = style.usesColor ? CellText.colored(value.text, value.emphasis) : value.text
        return "| \(name)\(padding(name, nameWidth)) | \(shown)\(padding(value.text, valueWidth)) |\n"
    }
}
