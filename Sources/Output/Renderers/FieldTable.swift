import LeaseModel

/// A table with the columns Field and Value, for a single result.
///
/// Values that are too long for the terminal are wrapped instead of cut, because somebody who asks for one result wants
/// all of it.
struct FieldTable {
    let fields: [(head: ColumnHead, cell: Cell)]
    let style: OutputStyle

    func write(to sink: inout some TextSink) throws(OutputError) {
        guard !style.isForTerminal else { return try writeLines(to: &sink) }
        let nameWidth = fields.reduce(5) { max($0, TextWidth.columns($1.head.title)) }
        // Borders and spaces take seven columns.
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
        case .json(let value) where value.isNested: texts = Self.lines(value)
        default: texts = [CellText(cell, time: TimeText(zone: style.zone).full)]
        }
        guard let room else { return texts }
        return texts.flatMap { text in
            TextWidth.wrapped(text.text, to: room).map { CellText($0, text.emphasis) }
        }
    }

    /// A nested value, with a line for each of its members.
    private static func lines(_ value: JSONValue) -> [CellText] {
        let text = (try? YAMLText.document(value)) ?? value.text(.pretty)
        return text.split(separator: "\n").map { CellText(String($0).escapedForTerminal) }
    }

    /// Without borders: a line for each field that has a value.
    private func writeLines(to sink: inout some TextSink) throws(OutputError) {
        let nameWidth = fields.reduce(0) { max($0, TextWidth.columns($1.head.title)) }
        let room = style.width.map { max(20, $0 - nameWidth - 2) }
        for field in fields {
            let texts: [CellText]
            if case .json(let value) = field.cell, value.isNested {
                texts = lines(field.cell, room: room)
            } else if case .time(let moment) = field.cell {
                texts = [CellText(style.time.zoned(moment))]
            } else {
                let cell = CellText(forTerminal: field.cell, time: style.time)
                texts = room.map { TextWidth.wrapped(cell.text, to: $0).map { CellText($0, cell.emphasis) } } ?? [cell]
            }
            for (number, text) in texts.enumerated() {
                let name = number == 0 ? field.head.title : ""
                let padding = String(repeating: " ", count: nameWidth - TextWidth.columns(name) + 2)
                try sink.write(
                    "\(name)\(padding)\(style.usesColor ? CellText.colored(text.text, text.emphasis) : text.text)\n")
            }
        }
    }

    private func line(_ name: String, _ value: CellText, _ nameWidth: Int, _ valueWidth: Int) -> String {
        func padding(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - TextWidth.columns(text)))
        }
        let shown = style.usesColor ? CellText.colored(value.text, value.emphasis) : value.text
        return "| \(name)\(padding(name, nameWidth)) | \(shown)\(padding(value.text, valueWidth)) |\n"
    }
}

extension JSONValue {
    /// Whether it contains other values that need lines of their own.
    fileprivate var isNested: Bool {
        switch self {
        case .object(let object): !object.isEmpty
        case .array(let elements):
            elements.contains { element in
                if case .object = element { return true }
                if case .array = element { return true }
                return false
            }
        default: false
        }
    }
}
