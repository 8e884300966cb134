import LeaseModel

/// Which columns to show, and which to sort by.
package struct ColumnSelection<Row>: Sendable {
    package let columns: [Column<Row>]
    /// Whether the format chose the columns. Columns that the user named are never left out.
    let isOwnChoice: Bool
    /// The columns to sort by, the most important first. They need not be shown.
    let sortColumns: [(column: Column<Row>, isDescending: Bool)]
    /// The keys of all columns whose values are needed, shown or not.
    package var neededKeys: Set<String> { Set((columns + sortColumns.map(\.column)).map(\.key)) }

    /// Chooses from the available columns.
    ///
    /// - Parameters:
    ///   - all: every column of the result.
    ///   - names: keys or titles as typed, in the requested order. If empty, the format chooses.
    ///   - sort: the columns to sort by.
    ///   - format: the format, which decides what is shown if no columns are named.
    ///   - standard: the columns to show instead if none are named.
    /// - Throws: ``UnknownColumnError`` for a name without a column.
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

    /// The column with this key or title. Case does not matter, nor does the difference between a space and an
    /// underscore: columns of the OpenStack client are called `Start Date` in some releases and `start_date` in others.
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

/// A requested column does not exist in the result.
package struct UnknownColumnError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name as typed.
    package let name: String
    /// The keys of the available columns.
    package let known: [String]

    package var description: String {
        let suggestion = Suggestion.nearest(to: name, in: known).map { " Did you mean '\($0)'?" } ?? ""
        let columns = known.joined(separator: ", ")
        return "There is no column '\(name.escapedForTerminal)'.\(suggestion) Columns: \(columns)."
    }
}
