import Foundation
import GRDB
import LeaseModel
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

    @Test("A publication that was not used for 30 days keeps no changes")
    func unused() throws {
        try withStore { store in
            try rename(store, "first")
            for target in ["old", "new"] {
                try store.beginPublication(to: target, collector: 0, mark: "m", after: "new", at: now)
            }
            try rename(store, "second")
            try store.endPublication(to: "new", change: 1, at: now.adding(seconds: 31 * 86_400))
            #expect(try store.publishing { try $0.changedTables(after: 0) } == [])
            #expect(try store.publication(to: "old")?.marks == [""])
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
