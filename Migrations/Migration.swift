/// One step of the database's schema.
///
/// A released step never changes: databases anywhere may be at any version.
package struct Migration: Sendable {
    /// The version of the schema after this step, from 1.
    package let version: Int32
    /// The name of the file, without `.sql`.
    package let name: String
    package let sql: String

    /// Every step, in order. The folder cannot be listed at run time; a test compares it with this list.
    package static let all: [Migration] = [
        Migration(version: 1, name: "v0001_store", bytes: PackageResources.v0001_store_sql),
        Migration(version: 2, name: "v0002_keeper", bytes: PackageResources.v0002_keeper_sql),
        Migration(version: 3, name: "v0003_reminders", bytes: PackageResources.v0003_reminders_sql),
        Migration(version: 4, name: "v0004_waiting", bytes: PackageResources.v0004_waiting_sql),
        Migration(version: 5, name: "v0005_publish", bytes: PackageResources.v0005_publish_sql),
        Migration(version: 6, name: "v0006_holdings", bytes: PackageResources.v0006_holdings_sql),
        Migration(version: 7, name: "v0007_grid", bytes: PackageResources.v0007_grid_sql),
        Migration(version: 8, name: "v0008_publications", bytes: PackageResources.v0008_publications_sql),
        Migration(version: 9, name: "v0009_starts", bytes: PackageResources.v0009_starts_sql),
        Migration(version: 10, name: "v0010_orders", bytes: PackageResources.v0010_orders_sql),
    ]

    /// The documented views. They hold no data, so they are not a step: opening a database recreates them if they differ
    /// from the views that it was last given.
    package static let views = String(decoding: PackageResources.views_sql, as: UTF8.self)

    /// Makes a step that is not in ``all``, for tests.
    package init(version: Int32, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }

    private init(version: Int32, name: String, bytes: [UInt8]) {
        self.init(version: version, name: name, sql: String(decoding: bytes, as: UTF8.self))
    }
}
