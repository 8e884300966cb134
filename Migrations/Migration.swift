/// One step of the database's schema.
///
/// A step never changes once it has shipped: a database anywhere may stop at any of them.
package struct Migration: Sendable {
    /// The version of the schema after this step: 1 for the first.
    package let version: Int32
    /// The name of its file, without `.sql`.
    package let name: String
    /// Its statements.
    package let sql: String

    /// Every step, in order. The folder is not enumerable from here; a test compares the two.
    package static let all: [Migration] = [
        Migration(version: 1, name: "v0001_mirror", bytes: PackageResources.v0001_mirror_sql),
        Migration(version: 2, name: "v0002_queue", bytes: PackageResources.v0002_queue_sql),
        Migration(version: 3, name: "v0003_past", bytes: PackageResources.v0003_past_sql),
        Migration(version: 4, name: "v0004_reports", bytes: PackageResources.v0004_reports_sql),
        Migration(version: 5, name: "v0005_scopes", bytes: PackageResources.v0005_scopes_sql),
        Migration(version: 6, name: "v0006_resources", bytes: PackageResources.v0006_resources_sql),
    ]

    /// Makes a step that is not one of ``all``, as tests of a failing one do.
    package init(version: Int32, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }

    private init(version: Int32, name: String, bytes: [UInt8]) {
        self.init(version: version, name: name, sql: String(decoding: bytes, as: UTF8.self))
    }
}
