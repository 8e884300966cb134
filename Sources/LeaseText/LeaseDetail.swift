package import LeaseModel
package import Output

/// A lease and everything known about it, as the result of `show`.
package struct LeaseDetail: Sendable {
    package let row: LeaseRow
    /// Its observed changes, the oldest first; `nil` if they were not read.
    package var changes: [LeaseChange]?

    /// How it is kept; `nil` if it is not kept.
    package var kept: KeepRule?

    package init(row: LeaseRow, changes: [LeaseChange]? = nil, kept: KeepRule? = nil) {
        self.row = row
        self.changes = changes
        self.kept = kept
    }
    package var lease: MirroredLease { row.mirrored }

    /// The fields in every format. Those that a table shows in separate sections are only for programs.
    package static let columns: [Column<LeaseDetail>] =
        (LeaseRow.columns.filter { $0.key == "id" } + LeaseRow.columns.filter { !["id", "resources"].contains($0.key) })
        .map { column in
            let isForPrograms = ["reservations", "events", "queued", "queue", "mine", "extra"].contains(column.key)
            return Column(
                column.key, visibility: isForPrograms ? .structured : .always, isShrinkable: column.isShrinkable
            ) { column.cell($0.row) }
        } + [
            Column("keep", visibility: .structured) { detail in
                detail.kept.map { .json(.object($0.summary)) } ?? .missing
            },
            Column("history", visibility: .structured) { detail in
                guard let changes = detail.changes else { return .missing }
                return .json(.array(changes.flatMap { ChangeRow.rows(of: $0, syncedAt: nil) }.map(\.summary)))
            },
        ]
}
