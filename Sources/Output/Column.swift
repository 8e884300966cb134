/// A column of a list, or a field of a single result.
package struct Column<Row>: Sendable {
    /// When a column is there without being asked for with `-c`.
    package enum Visibility: Sendable {
        /// In every format.
        case always
        /// In JSON and YAML only: programs want every field, people the telling ones.
        case structured
        /// In no format.
        case onRequest
    }

    /// What a terminal's table does with a column besides showing it.
    package enum Role: Sendable {
        case plain
        /// An id: the beginning that tells it from the others is enough.
        case identifier
        /// Where or whose a row is: left out if that is the same for all rows.
        case context
    }

    /// The stable name, Blazar's own where it has one (`start_date`): the key in JSON, and what `-c` takes.
    package let key: String
    /// What tables show above it.
    package let title: String
    package let visibility: Visibility
    /// Whether tables may cut it to fit a terminal. Identifiers are not cut: they are there to be copied.
    package let isShrinkable: Bool
    /// Whether, and how early, a table leaves it out that is too wide for the terminal: the lowest first; `nil` keeps it.
    package let dropPriority: Int?
    package let role: Role
    /// What a terminal's table shows above it.
    package let heading: String
    /// Takes the value out of a row.
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

/// A type that results can be made of: it names its columns.
package protocol Tabular {
    /// Every column there is, in the order in which they are shown.
    static var columns: [Column<Self>] { get }
}
