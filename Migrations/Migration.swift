/// One step of the database's schema.
///
/// A step never changes once it has been released: a database anywhere may stop at any of them.
package struct Migration: Sendable {
    /// The version of the schema after this step: 1 for the first.
    package let version: Int32
    /// The name of its file, without `.sql`.
    package let name: String
    /// Its statements.
    package let sql: String

    /// Every step, in order. The folder is not enumerable from here; a test compares the two.
    package static let all: [Migration] = [
        Migration(version: 1, name: "v0001_store", bytes: PackageResources.v0001_store_sql)
    ]

    /// The documented views. They hold no data and are no step: whoever opens a database makes them anew if they differ
    /// from what it was last given.
    package static let views = String(decoding: PackageResources.views_sql, as: UTF8.self)

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
