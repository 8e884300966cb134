import LeaseModel
import LeaseReports
import Output

/// The columns that identify the lease in a report's row.
enum LeaseColumns {
    static func columns<Row>(_ lease: @escaping @Sendable (Row) -> LeaseUsage) -> [Column<Row>] {
        [
            Column("lease", visibility: .structured, isShrinkable: false) { .text(lease($0).id) },
            Column("name") { .text(lease($0).name) },
            Column("site") { .text(lease($0).site) },
            Column("project") { .text(lease($0).projectName ?? lease($0).projectID) },
            Column("user") { .text(lease($0).userName ?? lease($0).userID) },
        ]
    }
}
