import LeaseModel
package import Output

/// An observed state of a lease, as a row of `history --states`.
package struct VersionRow: Sendable {
    let version: LeaseVersion
    /// When the site was last synced.
    let syncedAt: Timestamp?
}

extension VersionRow: Tabular {
    package static let columns: [Column<VersionRow>] = [
        Column("observed_at") { .time($0.version.observedAt) },
        Column("last_seen_at") { .time($0.version.lastSeenAt) },
        Column("observed_until") { .time($0.version.observedUntil) },
        Column("status") { .status($0.version.removal?.reason.rawValue ?? $0.version.lease.status.rawValue) },
        Column("name") { .text($0.version.lease.name) },
        Column("start_date") { .time($0.version.lease.startsAt) },
        Column("end_date") { .time($0.version.lease.endsAt) },
        Column("ending") { .text($0.version.ending?.rawValue) },
        Column("synced_at", visibility: .structured) { .time($0.syncedAt) },
        Column("deleted", visibility: .structured) { .bool($0.version.removal != nil) },
        Column("deleted_after", visibility: .structured) { .time($0.version.removal?.after) },
        Column("deleted_before", visibility: .structured) { .time($0.version.removal?.before) },
        Column("lease", visibility: .structured) { .json(.object($0.version.lease.json(times: .iso8601))) },
    ]
}
