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

    /// Makes a database without the store, and closes it.
    private func make(_ body: (Database) throws -> Void) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase(body)
        try queue.close()
    }

    /// What there is in the database: every table, index and view, and the two numbers in its head.
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

    private func error(_ access: LeaseStore.Access = .writing) -> StoreError? {
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
        #expect(Migration.all.map { $0.name + ".sql" } == files.sorted())
        for (index, migration) in Migration.all.enumerated() {
            #expect(migration.version == Int32(index + 1))
            #expect(migration.name.hasPrefix(String(format: "v%04d_", index + 1)))
            let text = try String(contentsOf: migrations.appending(path: migration.name + ".sql"), encoding: .utf8)
            #expect(migration.sql == text)
        }
    }

    // MARK: - Upgrades

    @Test("An empty file becomes a database of the current version, whoever opens it", arguments: [true, false])
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

    @Test("Every shipped version becomes the current one and keeps its rows", arguments: Migration.all.map(\.version))
    func upgrade(from version: Int32) throws {
        var fresh: [String] = []
        try inFolder {
            #expect(error() == nil)
            fresh = try schema()
        }
        try inFolder {
            try make { database in
                try StoreSchema.migrate(database, path: path, migrations: Array(Migration.all.prefix(Int(version))))
                try database.execute(
                    sql: """
                        INSERT INTO scope (site, auth_url, region, project_id, project_name, all_projects)
                        VALUES ('alpha', 'http://cloud/v3', 'R', 'p1', 'physics', 0);
                        INSERT INTO lease (scope_id, id, name, user_id, project_id, start_at, end_at, status, digest,
                            run_id, first_run, first_seen_at, observed_at)
                        VALUES (1, 'a', 'kept', 'u1', 'p1', 1800000000, 1800003600, 'ACTIVE', 1, 1, 1, 1, 1);
                        INSERT INTO lease_history (lease_key, observed_at, last_seen_at, observed_until, name, status,
                            start_at, end_at, document)
                        VALUES (1, 1, 2, 3, 'kept', 'PENDING', 1800000000, 1800003600,
                            '{"id": "a", "start_date": "2027-01-15 08:00", "end_date": "2027-01-15 09:00"}');
                        """)
            }
            let store = try LeaseStore(path: path, access: .reading)
            #expect(try store.leases(LeaseFilter()).map(\.lease.name) == ["kept"])
            #expect(try store.history(id: "a", scope: 1).count == 2)
            #expect(try store.check().isEmpty)
            try store.close()
            #expect(try schema() == fresh)
        }
    }

    @Test("A scope that has long not been read no longer brings back a deleted lease, once a database is upgraded")
    func staleScope() throws {
        try inFolder {
            try make { database in
                try StoreSchema.migrate(database, path: path, migrations: Array(Migration.all.prefix(4)))
                try database.execute(
                    sql: """
                        INSERT INTO scope (site, auth_url, region, project_id, project_name, all_projects, listed_at)
                        VALUES ('alpha', 'http://cloud/v3', 'R', 'p1', 'physics', 0, 400),
                            ('alpha', 'http://cloud/v3', 'R', 'p1', 'physics', 1, 300);
                        INSERT INTO lease (scope_id, id, name, user_id, project_id, start_at, end_at, status, digest,
                            run_id, first_run, first_seen_at, observed_at, gone, gone_after, gone_before)
                        VALUES (1, 'a', 'kept', 'u1', 'p1', 100, 900, 'ACTIVE', 1, 1, 1, 200, 400, 'deleted', 200, 400),
                            (2, 'a', 'kept', 'u1', 'p1', 100, 900, 'ACTIVE', 1, 1, 1, 300, 300, NULL, NULL, NULL);
                        """)
                #expect(try String.fetchOne(database, sql: "SELECT deleted FROM v_lease") == nil)
            }
            let store = try LeaseStore(path: path, access: .reading)
            defer { try? store.close() }
            try store.query("SELECT deleted FROM v_lease", columns: { _ in }) { #expect($0 == ["deleted"]) }
            #expect(try store.leases(LeaseFilter()).isEmpty)
            for view in ["v_reservation", "v_event", "v_history"] {
                try store.query("SELECT count(*) FROM \(view)", columns: { _ in }) { _ in }
            }
        }
    }

    @Test("Opening again changes nothing")
    func again() throws {
        try inFolder {
            #expect(error() == nil)
            let before = try schema()
            #expect(error() == nil)
            #expect(try schema() == before)
        }
    }

    @Test("A step that fails leaves the database as it was, those before it included")
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

    // MARK: - Refusals

    @Test("A newer database is refused, and not touched", arguments: [true, false])
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

    @Test("Another program's database is refused, and not touched", arguments: foreignCases.map(\.name), [true, false])
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

    @Test("A file that is no database is refused, and not touched", arguments: [true, false])
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
