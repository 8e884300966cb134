import LeaseModel

/// Which columns are shown, and by which the rows are sorted.
package struct ColumnSelection<Row>: Sendable {
    package let columns: [Column<Row>]
    /// Whether they are the format's own choice: what was asked for by name is never left out.
    let isOwnChoice: Bool
    /// The columns to sort by, first the most important; they need not be shown.
    let sortColumns: [(column: Column<Row>, isDescending: Bool)]

    /// Chooses from the columns there are.
    ///
    /// - Parameters:
    ///   - all: every column of the result.
    ///   - names: keys or titles as typed, in the order wanted; none takes the format's own choice.
    ///   - sort: what to sort by.
    ///   - format: the format, which decides what is shown if nothing is asked for.
    ///   - standard: what is shown instead if nothing is asked for.
    /// - Throws: ``UnknownColumnError`` for a name that is no column's.
    package init(
        from all: [Column<Row>], names: [String] = [], sort: [SortKey] = [], format: OutputFormat,
        standard: [Column<Row>]? = nil
    ) throws(UnknownColumnError) {
        var picked: [Column<Row>] = []
        for name in names {
            let column = try Self.find(name, in: all)
            if !picked.contains(where: { $0.key == column.key }) { picked.append(column) }
        }
        if names.isEmpty {
            picked =
                standard
                ?? all.filter { column in
                    switch column.visibility {
                    case .always: true
                    case .structured: format.isStructured
                    case .onRequest: false
                    }
                }
        }
        columns = picked
        isOwnChoice = names.isEmpty
        var sortColumns: [(column: Column<Row>, isDescending: Bool)] = []
        for key in sort { sortColumns.append((try Self.find(key.column, in: all), key.isDescending)) }
        self.sortColumns = sortColumns
    }

    /// The column of that key or title. Case does not matter, nor whether a space or an underscore is typed: the
    /// OpenStack client's own columns are called `Start Date` in some releases and `start_date` in others.
    private static func find(_ name: String, in all: [Column<Row>]) throws(UnknownColumnError) -> Column<Row> {
        let wanted = folded(name)
        if let column = all.first(where: { folded($0.key) == wanted }) { return column }
        if let column = all.first(where: { folded($0.title) == wanted }) { return column }
        throw UnknownColumnError(name: name, known: all.map(\.key))
    }

    private static func folded(_ name: String) -> String {
        String(name.lowercased().map { $0 == " " || $0 == "-" ? "_" : $0 })
    }
}

/// A column was asked for that the result does not have.
package struct UnknownColumnError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name as typed.
    package let name: String
    /// The keys of the columns there are.
    package let known: [String]

    package var description: String {
        let suggestion = Suggestion.nearest(to: name, in: known).map { " Did you mean '\($0)'?" } ?? ""
        let columns = known.joined(separator: ", ")
        return "There is no column '\(name.escapedForTerminal)'.\(suggestion) Columns: \(columns)."
    }
}
