import Foundation
import GRDB
import LeaseModel
import Migrations
import Testing

@testable import LeaseStore

@Suite("What the database knows of its publications")
struct PublishingTests {
    private func withStore(_ body: (LeaseStore) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try LeaseStore(path: folder.appendingPathComponent("db.sqlite").path, access: .writing)
        defer { try? store.close() }
        try body(store)
    }

    private let now = Timestamp(secondsSince1970: 1_774_700_000)

    private func rename(_ store: LeaseStore, _ name: String) throws {
        try store.write { database in
            try database.execute(
                sql: """
                    INSERT INTO site (site_id, name, endpoint, region, auth_url) VALUES (1, ?, 'e', 'r', 'a')
                    ON CONFLICT (site_id) DO UPDATE SET name = excluded.name
                    """, arguments: [name])
        }
    }

    @Test("Changes are recorded from the first publication on, and removed when every publication has them")
    func changes() throws {
        try withStore { store in
            try rename(store, "first")
            #expect(try store.lastChange() == 0)
            try store.beginPublication(to: "one", collector: 0, mark: "m1", after: "new", at: now)
            try store.beginPublication(to: "two", collector: 4, mark: "n1", after: "new", at: now)
            try rename(store, "second")
            try rename(store, "third")
            #expect(try store.lastChange() == 2)
            try store.endPublication(to: "one", change: 2, at: now)
            #expect(try store.publishing { try $0.changedTables(after: 1) } == ["site"])
            try store.endPublication(to: "two", change: 2, at: now)
            #expect(try store.publishing { try $0.changedTables(after: 0) } == [])
            #expect(try store.lastChange() == 2, "numbers are never used again")
            let publication = try store.publication(to: "two")
            #expect(publication == Publication(collector: 4, marks: ["n1", "new"], lastChange: 2))
        }
    }

    private func count(_ store: LeaseStore, _ table: String) throws -> Int? {
        try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") }
    }

    @Test("A publication that was not used for 30 days is forgotten, except for its number")
    func unused() throws {
        try withStore { store in
            try rename(store, "first")
            for target in ["old", "new"] {
                try store.beginPublication(to: target, collector: 7, mark: "m", after: "new", at: now)
            }
            try rename(store, "second")
            try store.endPublication(to: "new", change: 1, at: now.adding(seconds: 31 * 86_400))
            #expect(try store.publishing { try $0.changedTables(after: 0) } == [])
            #expect(try store.publication(to: "old") == Publication(collector: 7, marks: [], lastChange: 0))
            #expect(try store.publication(to: "new")?.marks == ["m", "new"])
            #expect(try count(store, "publication") == 1)
        }
    }

    @Test("After the last publication is forgotten, no changes are recorded, and none are left")
    func forgotten() throws {
        try withStore { store in
            try rename(store, "first")
            try store.beginPublication(to: "one", collector: 7, mark: "m", after: "new", at: now)
            try rename(store, "second")
            try store.write { try LeaseStore.forgetIdlePublications($0, at: now.adding(seconds: 29 * 86_400)) }
            #expect(try count(store, "publication_change") == 1)
            try store.write { try LeaseStore.forgetIdlePublications($0, at: now.adding(seconds: 31 * 86_400)) }
            try rename(store, "third")
            #expect(try count(store, "publication_change") == 0)
            // It begins again under the same number, and forgets that it was forgotten.
            try store.beginPublication(to: "one", collector: 7, mark: "n", after: "new", at: now)
            #expect(try store.publication(to: "one")?.marks == ["n", "new"])
            #expect(try count(store, "forgotten_publication") == 0)
        }
    }

    @Test("A process forgets only its own attempt, and takes the number that another one has taken")
    func twoProcesses() throws {
        try withStore { store in
            func adopt(_ number: Int64, insteadOf lost: Int64?) throws -> Int64 {
                try store.adoptCollector(number, of: "one", insteadOf: lost, mark: "new", at: now)
            }
            #expect(try adopt(3, insteadOf: nil) == 3)
            #expect(try adopt(4, insteadOf: nil) == 3)
            try store.beginPublication(to: "one", collector: 3, mark: "m", after: "new", at: now)
            try store.forgetPublication(to: "one", marked: ["new", "other"])
            #expect(try store.publication(to: "one")?.marks == ["m", "new"])
            try store.forgetPublication(to: "one", marked: ["new", "m"])
            #expect(try store.publication(to: "one")?.marks == [])
            #expect(try adopt(5, insteadOf: 3) == 5)
            #expect(try store.publication(to: "one")?.collector == 5)
        }
    }

    @Test("A database that had given up a publication still knows its number")
    func migrated() throws {
        let queue = try DatabaseQueue()
        try queue.write { database in
            for migration in Migration.all where migration.version < 8 { try database.execute(sql: migration.sql) }
            try database.execute(
                sql: """
                    INSERT INTO publication (target, collector_id, mark, previous_mark, change_id, published_at)
                    VALUES ('idle', 3, '', '', 5, 0), ('live', 4, 'm', 'n', 5, 0)
                    """)
            for migration in Migration.all where migration.version == 8 { try database.execute(sql: migration.sql) }
            #expect(try String.fetchAll(database, sql: "SELECT target FROM publication") == ["live"])
            #expect(try String.fetchAll(database, sql: "SELECT target FROM forgotten_publication") == ["idle"])
        }
    }

    @Test("Rows in the form of PostgreSQL's COPY")
    func copyText() throws {
        try withStore { store in
            var bytes: [UInt8] = []
            let count = try store.publishing { reader in
                try reader.copyRows(
                    """
                    SELECT 0, -7, 9223372036854775807, -9223372036854775808, NULL, '', 'plain', 'a' || char(9, 10, 13) || 'b\\c',
                        'ё🦔', '\\.', 'x' || char(0) || 'y', CAST(x'41ff42' AS TEXT)
                    UNION ALL SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
                    """
                ) { bytes += $0 }
            }
            #expect(count == 2)
            let expected =
                "0\t-7\t9223372036854775807\t-9223372036854775808\t\\N\t\tplain\ta\\t\\n\\rb\\\\c\tё🦔\t\\\\.\tx\u{FFFD}y\tA\u{FFFD}B\n"
                + "1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\n"
            #expect(String(decoding: bytes, as: UTF8.self) == expected)
        }
    }
}
