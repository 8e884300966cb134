import LeaseModel
import Output

/// A table of leases to create, in CSV. Its columns are called as the options of `create`.
struct LeaseTable {
    /// A lease: the values of its columns that are not empty.
    struct Line {
        /// The file and the line, for messages.
        let place: String
        fileprivate let values: [(column: String, value: String)]

        /// The values of a column, which may be there several times.
        func all(_ column: String) -> [String] { values.filter { $0.column == column }.map(\.value) }

        subscript(column: String) -> String? { all(column).first }
    }

    static let columns = [
        "name", "start", "end", "duration", "node", "device", "fip", "network", "flavor", "reservation",
    ]

    let lines: [Line]

    /// Reads a table; `nil` if it is none.
    ///
    /// - Parameters:
    ///   - text: what the file holds.
    ///   - path: what it is called: a table if it ends with `.csv`, or if its first line names columns.
    /// - Throws: ``CommandError`` of status 65 that names the line at fault.
    init?(_ text: String, path: String) throws(CommandError) {
        var rows = CSVText.rows(text)
        let head = rows.first?.fields.map { $0.lowercased() } ?? []
        let isNamed = path.lowercased().hasSuffix(".csv")
        guard isNamed || (!head.isEmpty && head.allSatisfy(Self.columns.contains)) else { return nil }
        func wrong(_ problem: String) -> CommandError {
            CommandError(code: "invalid", message: "\(path): \(problem)", status: .data)
        }
        if let stranger = head.first(where: { !Self.columns.contains($0) }) {
            let suggestion = Suggestion.nearest(to: stranger, in: Self.columns).map { " Did you mean '\($0)'?" } ?? ""
            throw wrong(
                "There is no column '\(stranger)'.\(suggestion) Columns: \(Self.columns.joined(separator: ", ")).")
        }
        rows = Array(rows.dropFirst())
        guard !rows.isEmpty else { throw wrong("holds no lease below the names of its columns.") }
        var lines: [Line] = []
        for row in rows {
            guard row.fields.count <= head.count else {
                throw wrong(
                    "line \(row.line) has \(row.fields.count) fields, more than there are columns (\(head.count)). "
                        + "A value with commas is put in quotes.")
            }
            let values = zip(head, row.fields).filter { !$0.1.isEmpty }.map { (column: $0.0, value: $0.1) }
            lines.append(Line(place: "\(path), line \(row.line)", values: values))
        }
        self.lines = lines
    }
}

extension LeaseCreate {
    /// This command for a line of a table: what the line says goes before what the options say.
    func applying(_ line: LeaseTable.Line) -> LeaseCreate {
        var command = self
        command.file = nil
        if let name = line["name"] { (command.positionalName, command.optionName) = (name, nil) }
        if let start = line["start"] { (command.start, command.dates.startDate) = (start, nil) }
        if let end = line["end"] {
            (command.end, command.dates.endDate, command.duration) = (end, nil, line["duration"])
        }
        if let duration = line["duration"] {
            (command.duration, command.dates.endDate, command.end) = (duration, nil, line["end"])
        }
        func replace(_ options: WritableKeyPath<RequestOptions, [String]>, _ column: String) {
            let values = line.all(column)
            if !values.isEmpty { command.wanted[keyPath: options] = values }
        }
        replace(\.nodes, "node")
        replace(\.devices, "device")
        replace(\.floatingIPs, "fip")
        replace(\.networks, "network")
        replace(\.flavors, "flavor")
        replace(\.reservations, "reservation")
        return command
    }
}
