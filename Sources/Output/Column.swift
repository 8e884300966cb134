/// A column of a list, or a field of a single result.
package struct Column<Row>: Sendable {
    /// Whether a column is shown without being requested with `-c`.
    package enum Visibility: Sendable {
        /// In every format.
        case always
        /// In JSON and YAML only: programs want every field, people the informative ones.
        case structured
        /// In no format.
        case onRequest
    }

    /// How a terminal's table treats a column.
    package enum Role: Sendable {
        case plain
        /// An id: the table shows only enough of its beginning to distinguish it from the others.
        case identifier
        /// The site or owner of a row: the table omits the column if all rows have the same value.
        case context
    }

    /// The stable name, which is Blazar's own if there is one (`start_date`). It is the key in JSON, and `-c` accepts
    /// it.
    package let key: String
    /// The title above the column in tables.
    package let title: String
    package let visibility: Visibility
    /// Whether tables may cut the values to fit a terminal. Identifiers are not cut, because people copy them.
    package let isShrinkable: Bool
    /// The order in which a table that is too wide for the terminal drops columns: the lowest first. `nil` keeps the
    /// column.
    package let dropPriority: Int?
    package let role: Role
    /// The title above the column in a terminal's table.
    package let heading: String
    /// Gets the value from a row.
    package let cell: @Sendable (Row) -> Cell

    package init(
        _ key: String, title: String? = nil, visibility: Visibility = .always, isShrinkable: Bool = true,
        dropPriority: Int? = nil, role: Role = .plain, heading: String? = nil, cell: @escaping @Sendable (Row) -> Cell
    ) {
        self.key = key
        self.title = title ?? key
        self.visibility = visibility
        self.isShrinkable = isShrinkable
        self.dropPriority = dropPriority
        self.role = role
        self.heading = heading ?? self.title.uppercased().replacing("_", with: " ")
        self.cell = cell
    }
}

/// A type of result that defines its columns.
package protocol Tabular {
    /// All columns, in the order in which they are shown.
    static var columns: [Column<Self>] { get }
}
