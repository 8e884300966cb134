import Foundation
import GRDB
import LeaseModel
import MirrorFixtures
import Testing

@testable import LeaseStore

@Suite("The database file")
struct StoreFileTests {
    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? NSNumber).intValue
    }

    private func error(_ path: String, _ access: DatabaseAccess) -> StoreError? {
        do throws(StoreError) {
            try LeaseStore(path: path, access: access).close()
            return nil
        } catch {
            return error
        }
    }

    @Test("Only the owner may read the folder, the database, SQLite's other files and a copy")
    func permissions() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        try fixture.pull([StoreFixture.lease("a")], at: 0)
        #expect(try mode(fixture.folder.path) == 0o700)
        for file in try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path) {
            #expect(try mode(fixture.folder.path + "/" + file) == 0o600, "\(file)")
        }
        let copy = fixture.folder.path + "/deep/er/copy.sqlite"
        try fixture.store.backUp(to: copy)
        #expect(try mode(copy) == 0o600)
        #expect(try mode(fixture.folder.path + "/deep") == 0o700)
        #expect(try mode(fixture.folder.path + "/deep/er") == 0o700)
    }

    @Test("An existing folder keeps its permissions")
    func existingFolder() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(error(folder.path + "/db.sqlite", .writing) == nil)
        #expect(try mode(folder.path) == 0o755)
        #expect(try mode(folder.path + "/db.sqlite") == 0o600)
    }

    @Test("The default path comes from LEASEHOLD_DB, or else from XDG_DATA_HOME if that is absolute")
    func defaultPath() {
        func path(_ environment: [String: String]) -> String { StoreFile.defaultPath(environment: environment) }
        #expect(path(["LEASEHOLD_DB": "x.sqlite", "XDG_DATA_HOME": "/data", "HOME": "/h"]) == "x.sqlite")
        #expect(
            path(["LEASEHOLD_DB": "", "XDG_DATA_HOME": "/data", "HOME": "/h"]) == "/data/leasehold/leasehold.sqlite")
        #expect(path(["XDG_DATA_HOME": "data", "HOME": "/h"]) == "/h/.local/share/leasehold/leasehold.sqlite")
        #expect(path(["HOME": "/h"]) == "/h/.local/share/leasehold/leasehold.sqlite")
    }

    @Test("Errors name the kind of obstacle")
    func obstacles() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        let missing = fixture.folder.path + "/none.sqlite"
        #expect(error(missing, .reading)?.kind == .missing)
        #expect(error(missing, .reading)?.message.contains("leasehold sync") == true)
        #expect(!FileManager.default.fileExists(atPath: missing))
        for access in [DatabaseAccess.reading, .writing] {
            #expect(error(fixture.folder.path, access)?.message.contains("is a folder") == true)
        }
        let below = error(fixture.path + "/db.sqlite", .writing)
        #expect(below?.kind == .cannotOpen)
        #expect(below?.message.contains("cannot be created") == true)
    }

    @Test("A store for reading does not write")
    func readOnly() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        let store = try LeaseStore(path: fixture.path, access: .reading)
        let error = #expect(throws: StoreError.self) {
            _ = try store.beginRun(cloud: "alpha", scope: nil, at: StoreFixture.time(0))
        }
        #expect(error?.kind == .readOnly)
    }

    static let results: [(ResultCode, StoreError.Kind, String)] = [
        (.SQLITE_NOTADB, .notADatabase, "--db"), (.SQLITE_CORRUPT, .damaged, "leasehold db backup"),
        (.SQLITE_FULL, .diskFull, "make room"), (.SQLITE_READONLY, .readOnly, "permissions"),
        (.SQLITE_PERM, .readOnly, "permissions"), (.SQLITE_CANTOPEN, .cannotOpen, "folder"),
        (.SQLITE_BUSY, .busy, "Try again"), (.SQLITE_LOCKED, .busy, "Try again"),
        (.SQLITE_IOERR, .failed, "Check the disk"), (.SQLITE_CONSTRAINT, .failed, "refused"),
    ]

    @Test("Every SQLite error becomes a sentence with the path and without the statement's values")
    func sentences() {
        for (code, kind, says) in Self.results {
            let error = StoreError(
                DatabaseError(resultCode: code, sql: "INSERT INTO t VALUES (?)", arguments: ["private"]), path: "/x/db")
            #expect(error.kind == kind, "\(code)")
            #expect(error.message.contains("/x/db"), "\(code)")
            #expect(error.message.contains(says), "\(code)")
            #expect(!error.message.contains("private") && !error.message.contains("INSERT"), "\(code)")
        }
    }

    @Test("A copy is complete, stands alone, and never replaces a file")
    func backup() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        try fixture.pull([StoreFixture.lease("a"), StoreFixture.lease("b")], at: 0)
        let folder = fixture.folder.appendingPathComponent("copies")
        let path = folder.appendingPathComponent("copy.sqlite").path
        try fixture.store.backUp(to: path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["copy.sqlite"])
        let copy = try LeaseStore(path: path, access: .reading)
        #expect(Set(try copy.leases(LeaseFilter()).map(\.id)) == ["a", "b"])
        let error = #expect(throws: StoreError.self) { try fixture.store.backUp(to: path) }
        #expect(error?.message.contains("exists already") == true)
    }

    @Test("A reading statement returns columns and rows; a writing one is refused")
    func query() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        var names: [String] = []
        var rows: [[JSONValue]] = []
        try fixture.store.query("SELECT 1 AS a, 'x' AS b, 1.5 AS c, NULL AS d, x'0aff' AS e", columns: { names = $0 }) {
            rows.append($0)
        }
        #expect(names == ["a", "b", "c", "d", "e"])
        #expect(rows == [[1, "x", .number(JSONNumber(1.5) ?? JSONNumber(0)), .null, "0aff"]])
        for statement in [
            "DELETE FROM lease", "PRAGMA user_version = 9", "ATTACH 'x' AS y", "DROP TABLE lease", "VACUUM",
        ] {
            #expect(throws: StoreError.self, "\(statement)") {
                try fixture.store.query(statement, columns: { _ in }) { _ in }
            }
        }
        #expect(try fixture.row("PRAGMA user_version") == [.number(JSONNumber(Int(StoreSchema.currentVersion)))])
        let error = #expect(throws: StoreError.self) {
            try fixture.store.query("SELECT a FROM nowhere", columns: { _ in }) { _ in }
        }
        #expect(error?.message == "SQLite says: no such table: nowhere")
    }
}
