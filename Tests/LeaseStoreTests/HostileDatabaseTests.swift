import Foundation
import GRDB
import LeaseModel
import Migrations
import MirrorFixtures
import Testing

@testable import LeaseStore

@Suite("Hostile databases of others")
struct HostileDatabaseTests {
    typealias Fixture = StoreFixture

    /// Another person's database: `a` was PENDING and is ACTIVE, `b` is gone.
    private func file(in fixture: Fixture, _ name: String = "theirs") throws -> String {
        let other = try Fixture()
        defer { other.remove() }
        try other.pull([Fixture.lease("a"), Fixture.lease("b")], at: 0)
        try other.pull([Fixture.lease("a", status: .active)], at: 10)
        let path = fixture.folder.appendingPathComponent("\(name).sqlite").path
        try other.store.backUp(to: path)
        return path
    }

    private func change(_ path: String, _ sql: String...) throws {
        for step in sql {
            var configuration = Configuration()
            configuration.foreignKeysEnabled = false
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { try $0.execute(sql: step) }
            try queue.close()
        }
    }

    @discardableResult
    private func take(_ path: String, into fixture: Fixture, scopes: Set<Int64>? = nil) throws -> [ImportReport] {
        let folder = fixture.folder.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let copy = try LeaseStore.openCopy(of: path, in: folder.path)
        defer { try? copy.close() }
        return try fixture.store.importHistory(
            [ImportSource(file: path, content: .database(copy, scopes: scopes))], isTrial: false,
            now: Fixture.time(1_000)
        ) { _ in }
    }

    private func expectRefusal(_ words: String, _ sql: [String], kind: StoreError.Kind) throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("mine")], at: 5)
        let rows = try fixture.dump()
        let path = try file(in: fixture)
        for step in sql { try change(path, step) }
        let error = #expect(throws: StoreError.self, "\(words)") { try take(path, into: fixture) }
        let message = error?.message ?? ""
        #expect(message.contains(words) && message.contains(path), "\(message)")
        #expect(message.hasSuffix("Nothing was changed."), "\(message)")
        #expect(error?.kind == kind)
        #expect(try fixture.dump() == rows)
    }

    private static let loosen = """
        PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = replace(sql, ') STRICT', ')') WHERE name = 'lease';
        """
    private static let tighten = """
        PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = sql || ' STRICT' WHERE name = 'lease';
        """

    @Test(
        "A foreign schema is refused before anything is read or run",
        arguments: [
            ("it has a trigger, t", ["CREATE TRIGGER t AFTER UPDATE ON lease BEGIN DELETE FROM lease; END"]),
            (
                "it has a trigger, publish_lease_delete",
                [
                    """
                    PRAGMA legacy_alter_table = ON;
                    ALTER TABLE lease RENAME TO hidden;
                    CREATE VIEW lease AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                        SELECT i AS lease_key, 1 AS site_id, 'x' AS id FROM n;
                    """
                ]
            ),
            ("its table lease is missing or different", ["ALTER TABLE lease DROP COLUMN trust_id"]),
            (
                "its table lease is missing or different",
                [loosen, "UPDATE lease SET start_at = 'soon'"]
            ),
            ("its index lease_by_name is missing", ["DROP INDEX lease_by_name"]),
            ("non-INTEGER value in lease.start_at", [loosen, "UPDATE lease SET start_at = 'soon'", tighten]),
            (
                "NULL value in lease.name",
                [
                    """
                    PRAGMA writable_schema = ON;
                    UPDATE sqlite_master SET sql = replace(sql, 'name TEXT NOT NULL', 'name TEXT') WHERE name = 'lease'
                    """,
                    "UPDATE lease SET name = NULL",
                    """
                    PRAGMA writable_schema = ON;
                    UPDATE sqlite_master SET sql = replace(sql, 'name TEXT,', 'name TEXT NOT NULL,') WHERE name = 'lease'
                    """,
                ]
            ),
            ("is not plain text", ["UPDATE lease SET id = CAST(x'610062' AS TEXT) WHERE id = 'a'"]),
            (
                "is not plain text",
                [
                    "UPDATE lease SET id = char(233) WHERE id = 'a'; UPDATE lease SET id = 'e' || char(769) WHERE id = 'b'"
                ]
            ),
            ("refers to a missing row of site", ["UPDATE lease SET site_id = 77"]),
        ])
    func schema(words: String, sql: [String]) throws {
        try expectRefusal(words, sql, kind: .damaged)
    }

    @Test("Additional tables, indexes and views do no harm")
    func additions() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let path = try file(in: fixture)
        try change(
            path,
            """
            CREATE TABLE note (lease TEXT, words TEXT);
            CREATE VIEW mine AS SELECT * FROM v_lease;
            CREATE INDEX lease_by_trust ON lease (trust_id);
            """)
        #expect(try take(path, into: fixture).map(\.new) == [2])
    }

    @Test(
        "Rows that no server and no clock can produce are refused",
        arguments: [
            ("outside the years 1 to 9999", "UPDATE lease SET start_at = -9223372036854775808"),
            ("outside the years 1 to 9999", "UPDATE lease SET updated_at = 253402300800"),
            ("outside the years 1 to 9999", "UPDATE event SET time_at = 9223372036854775807"),
            ("outside the years 1 to 9999", "UPDATE lease_history SET observed_at = -9223372036854775808"),
            ("has a state of another lease", "UPDATE lease_history SET document = json_set(document, '$.id', 'x')"),
            ("which no server assigns", "UPDATE lease SET id = '' WHERE id = 'a'"),
            ("was only queued", "UPDATE lease SET id = 'local-abc' WHERE id = 'a'"),
            ("belongs to project p9", "UPDATE lease SET project_id = 'p9' WHERE id = 'a'"),
            ("cannot be written and read again", "UPDATE lease SET extra = '{\"id\": \"x\"}' WHERE id = 'a'"),
            (
                "has a text with a NUL",
                "UPDATE lease_history SET document = json_set(document, '$.name', 'a' || char(0))"
            ),
            ("in the future", "UPDATE lease SET (observed_at, last_seen_at) = (1800060301, 1800060301) WHERE id = 'a'"),
            ("in the future", "UPDATE lease SET last_seen_at = 1800060301 WHERE id = 'a'"),
            ("Check the clock", "UPDATE lease SET gone_before = 1800060301 WHERE id = 'b'"),
            ("a list is said to have been read", "UPDATE sync_run SET started_at = 1800060301"),
            (
                "hosts or other resources",
                "INSERT INTO resource_listing SELECT scope_id, 'host', 1800060301 FROM scope"
            ),
            (
                "hosts or other resources",
                "INSERT INTO resource_listing SELECT scope_id, 'host', 9223372036854775807 FROM scope"
            ),
            (
                "which is in the future",
                "UPDATE person SET heard_at = 1800060301 WHERE kind = 'user'"
            ),
            ("are not in order of time", "UPDATE lease SET observed_at = 1800000000 - 60 WHERE id = 'a'"),
        ])
    func rows(words: String, sql: String) throws {
        try expectRefusal(words, [sql], kind: .invalid)
    }

    @Test("An unreadable state is an error, and not silently left out")
    func unreadableState() throws {
        try expectRefusal("cannot be read", ["UPDATE lease_history SET document = '{}'"], kind: .damaged)
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a")], at: 0)
        try fixture.pull([Fixture.lease("a", status: .active)], at: 10)
        try change(fixture.path, "UPDATE lease_history SET document = json_set(document, '$.end_date', 'never')")
        let error = #expect(throws: StoreError.self) { try fixture.store.history(id: "a", scope: fixture.scope.id) }
        #expect(error?.kind == .damaged)
    }

    @Test("Another database's digest is not trusted: the next sync reads the lease again")
    func forgedContent() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let path = try file(in: fixture)
        try change(path, "UPDATE lease SET name = 'forged' WHERE id = 'a'")
        try take(path, into: fixture)
        #expect(try fixture.store.leases(LeaseFilter()).map(\.lease.name) == ["forged"])
        try fixture.pull([Fixture.lease("a", status: .active)], at: 20)
        #expect(try fixture.store.leases(LeaseFilter()).map(\.lease.name) == ["lease-a"])
    }

    @Test("A database in use is copied with its log, and nothing is created beside it")
    func writeAheadLog() throws {
        let (fixture, other) = (try Fixture(), try Fixture())
        defer { fixture.remove() }
        defer { other.remove() }
        try other.pull([Fixture.lease("a")], at: 0)
        let folder = fixture.folder.appendingPathComponent("theirs")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let path = folder.appendingPathComponent("db.sqlite").path
        for ending in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: other.path + ending, toPath: path + ending)
        }
        let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(before == ["db.sqlite", "db.sqlite-wal"])
        #expect(try take(path, into: fixture).map(\.new) == [1])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == before)
    }

    @Test("An import that finds nothing requested is an error, not an empty answer")
    func nothingOfIt() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let far = try fixture.store.scope(for: Fixture.identity(cloud: "far", project: "p7"))
        let path = try file(in: fixture)
        let error = #expect(throws: StoreError.self) { try take(path, into: fixture, scopes: [far.id]) }
        #expect(error?.message.contains("has nothing for the requested cloud or project") == true)
    }
}
