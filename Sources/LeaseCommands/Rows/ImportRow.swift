import LeaseModel
import Output

/// The result of importing a file, as a row of `history import`.
enum ImportRow {
    static let columns: [Column<ImportReport>] = [
        Column("file") { .text($0.file) },
        Column("kind") { .text($0.kind.rawValue) },
        Column("site") { .text($0.site) },
        Column("project_name", title: "project") { .text($0.projectName) },
        Column("leases") { .number($0.leases) },
        Column("new") { .number($0.new) },
        Column("changed") { .number($0.changed) },
        Column("passed_over", title: "passed over") { .number($0.passedOver) },
        Column("observed_from", title: "seen from") { .time($0.observedFrom) },
        Column("observed_until", title: "seen until") { .time($0.observedUntil) },
        Column("dated_by_file", visibility: .structured) { .bool($0.isDatedByFile) },
    ]
}
