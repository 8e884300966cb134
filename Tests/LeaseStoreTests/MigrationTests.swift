import Foundation
import GRDB
import LeaseModel
import Migrations
import MirrorFixtures
import Testing

@testable import LeaseStore

@Suite("Migrations")
struct MigrationTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString)")
    private var path: String { folder.appendingPathComponent("db.sqlite").path }

    /// Runs a test in a folder of its own.
    private func inFolder(_ body: () throws -> Void) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body()
    }

    /// Creates a database without the store, and closes it.
    private func make(_ body: (Database) throws -> Void) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase(body)
        try queue.close()
    }

    /// The schema: every table, index and view, user_version and application_id.
    private func schema() throws -> [String] {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { database in
            try String.fetchAll(
                database, sql: "SELECT name || ': ' || coalesce(sql, '') FROM sqlite_master ORDER BY name")
                + ["user_version", "application_id"].map {
                    try "\($0) \(Int.fetchOne(database, sql: "PRAGMA \($0)") ?? -1)"
                }
        }
    }

    private func bytes() throws -> [UInt8] { Array(try Data(contentsOf: folder.appendingPathComponent("db.sqlite"))) }

    private func error(_ access: DatabaseAccess = .writing) -> StoreError? {
        do throws(StoreError) {
            try LeaseStore(path: path, access: access).close()
            return nil
        } catch {
            return error
        }
    }

    // MARK: - The list

    @Test("The list has every file of the folder, in order, with its text")
    func listEqualsFolder() throws {
        let migrations = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Migrations")
        let files = try FileManager.default.contentsOfDirectory(atPath: migrations.path).filter { $0.hasSuffix(".sql") }
        #expect(Migration.all.map { $0.name + ".sql" } + ["views.sql"] == files.sorted())
        #expect(Migration.views == (try String(contentsOf: migrations.appending(path: "views.sql"), encoding: .utf8)))
        let versions = Migration.all.map(\.version)
        #expect(versions == Set(versions).sorted(), "each has a version of its own, in order")
        for migration in Migration.all {
            #expect(migration.name.hasPrefix(String(format: "v%04d_", migration.version)))
            let text = try String(contentsOf: migrations.appending(path: migration.name + ".sql"), encoding: .utf8)
            #expect(migration.sql == text)
        }
    }

    // MARK: - Upgrades

    @Test("Opening an empty file makes it a database of the current version", arguments: [true, false])
    func fromEmpty(forReading: Bool) throws {
        try inFolder {
            #expect(FileManager.default.createFile(atPath: path, contents: Data()))
            #expect(error(forReading ? .reading : .writing) == nil)
            let schema = try schema()
            #expect(schema.contains("user_version \(StoreSchema.currentVersion)"))
            #expect(schema.contains("application_id \(StoreSchema.applicationID)"))
            #expect(schema.contains { $0.hasPrefix("v_lease: ") })
        }
    }

    @Test("Opening a database again changes nothing")
    func again() throws {
        try inFolder {
            #expect(error() == nil)
            let before = try schema()
            #expect(error() == nil)
            #expect(try schema() == before)
        }
    }

    @Test("A failing step leaves the database unchanged, including the steps before it")
    func failure() throws {
        try inFolder {
            #expect(error() == nil)
            let before = try schema()
            let next = StoreSchema.currentVersion + 1
            let broken =
                Migration.all + [
                    Migration(
                        version: next, name: "sound", sql: "CREATE TABLE extra (a INTEGER) STRICT; DROP VIEW v_event;"),
                    Migration(
                        version: next + 1, name: "broken",
                        sql: "CREATE TABLE more (a INTEGER) STRICT; INSERT INTO nowhere VALUES (1);"),
                ]
            let queue = try DatabaseQueue(path: path)
            #expect(throws: DatabaseError.self) {
                try queue.inDatabase { try StoreSchema.migrate($0, path: path, migrations: broken) }
            }
            try queue.close()
            #expect(try schema() == before)
            #expect(error() == nil)
        }
    }

    // MARK: - Views

    /// Gives the database other views, as another version of the program would.
    private func giveOtherViews() throws {
        try make { database in
            try database.inTransaction {
                try StoreSchema.applyViews(
                    database, "CREATE VIEW v_lease AS SELECT 1 AS other;\nCREATE VIEW v_former AS SELECT 2 AS other;\n")
                try database.execute(sql: "CREATE VIEW v_mine AS SELECT 3 AS other")
                return .commit
            }
        }
    }

    @Test("Opening a database recreates views that differ from the program's", arguments: [true, false])
    func views(forReading: Bool) throws {
        try inFolder {
            #expect(error() == nil)
            let fresh = try schema()
            try giveOtherViews()
            #expect(try schema() != fresh)
            #expect(error(forReading ? .reading : .writing) == nil)
            let after = try schema()
            #expect(after.filter { !$0.hasPrefix("v_mine: ") } == fresh)
            #expect(after.contains("v_mine: CREATE VIEW v_mine AS SELECT 3 AS other"))
        }
    }

    @Test("Every view can be read")
    func readableViews() throws {
        try inFolder {
            let store = try LeaseStore(path: path, access: .writing)
            defer { try? store.close() }
            let names = StoreSchema.viewNames(in: Migration.views)
            #expect(names.count == Migration.views.components(separatedBy: "CREATE VIEW").count - 1)
            for name in names { try store.query("SELECT * FROM \(name)", columns: { _ in }) { _ in } }
        }
    }

    // MARK: - Refusals

    static let unreleasedCases: [(name: String, sql: String)] = [
        ("the mark used then", "PRAGMA application_id = 0x4C734864; PRAGMA user_version = 6"),
        (
            "our tables without a mark",
            """
            CREATE TABLE scope (scope_id INTEGER); CREATE TABLE lease (id TEXT); CREATE TABLE sync_run (run_id INTEGER);
            """
        ),
    ]

    @Test(
        "An unreleased database is refused, and left unchanged", arguments: unreleasedCases.map(\.name),
        [true, false])
    func unreleased(name: String, forReading: Bool) throws {
        let sql = try #require(Self.unreleasedCases.first { $0.name == name }).sql
        try inFolder {
            try make { try $0.execute(sql: "PRAGMA journal_mode = WAL; CREATE TABLE photo (id INTEGER); \(sql)") }
            let before = try bytes()
            let error = error(forReading ? .reading : .writing)
            #expect(error?.kind == .unreleased)
            for words in [path, "before the first release", "Move it away", "leasehold sync"] {
                #expect(error?.message.contains(words) == true)
            }
            #expect(try bytes() == before)
            let copies = folder.appendingPathComponent("copies")
            try FileManager.default.createDirectory(at: copies, withIntermediateDirectories: false)
            #expect {
                try LeaseStore.openCopy(of: path, in: copies.path)
            } throws: {
                ($0 as? StoreError)?.kind == .unreleased
            }
            #expect(try bytes() == before)
        }
    }

    @Test("A newer database is refused, and left unchanged", arguments: [true, false])
    func newer(forReading: Bool) throws {
        try inFolder {
            try make { database in
                try StoreSchema.migrate(database, path: path, migrations: Migration.all)
                try database.execute(sql: "PRAGMA user_version = \(StoreSchema.currentVersion + 1)")
            }
            let before = try bytes()
            let error = error(forReading ? .reading : .writing)
            #expect(error?.kind == .newer)
            #expect(error?.message.contains("schema \(StoreSchema.currentVersion + 1)") == true)
            #expect(error?.message.contains("Install the newer program") == true)
            #expect(try bytes() == before)
        }
    }

    static let foreignCases: [(name: String, sql: String)] = [
        ("tables of its own", "CREATE TABLE photo (id INTEGER)"),
        ("a mark of its own", "PRAGMA application_id = 77"),
        ("a version of its own", "PRAGMA user_version = 4"),
        ("our table names", "CREATE TABLE lease (id TEXT); PRAGMA user_version = 1"),
    ]

    @Test(
        "Another program's database is refused, and left unchanged", arguments: foreignCases.map(\.name), [true, false])
    func foreign(name: String, forReading: Bool) throws {
        let sql = try #require(Self.foreignCases.first { $0.name == name }).sql
        try inFolder {
            try make { try $0.execute(sql: sql) }
            let before = try bytes()
            let error = error(forReading ? .reading : .writing)
            #expect(error?.kind == .foreign)
            #expect(error?.message.contains("another program") == true)
            #expect(try bytes() == before)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["db.sqlite"])
        }
    }

    @Test("A file that is not a database is refused, and left unchanged", arguments: [true, false])
    func notADatabase(forReading: Bool) throws {
        try inFolder {
            let text = String(repeating: "Dear diary, this is not a database. ", count: 100)
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            let error = error(forReading ? .reading : .writing)
            #expect(error?.kind == .notADatabase)
            #expect(error?.message.contains(path) == true)
            #expect(try bytes() == Array(text.utf8))
        }
    }
}
