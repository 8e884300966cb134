import Foundation
import LeaseModel
import LocalFiles
import Testing

@testable import LeasePublish

@Suite("Snapshots: what their manifests may say, and where copies lie")
struct SnapshotTests {
    private static let manifest: JSONObject = [
        "leasehold_snapshot": 1, "series": "s", "version": 3, "made_at": "2026-11-22T17:14:00Z", "file": "x.gz",
        "bytes": 10, "sha256": .string(String(repeating: "0", count: 64)), "database_bytes": 4096, "sites": [],
    ]

    private func parse(_ changes: JSONObject) throws(PublishError) -> SnapshotManifest {
        try SnapshotManifest(parsing: Array(JSONValue.object(Self.manifest.merging(changes)).text().utf8))
    }

    @Test("A manifest is read as it was written")
    func roundTrip() throws {
        var manifest = try parse([:])
        manifest.version = 4
        manifest.projects = ["p1"]
        #expect(try SnapshotManifest(parsing: Array(manifest.json.text(.pretty).utf8)) == manifest)
    }

    @Test(
        "Numbers that no snapshot has are refused",
        arguments: ["version", "bytes", "database_bytes"],
        [
            "-1", "9000000000000000000", "9223372036854775807", "9223372036854775808", "1e300", "1.5", "null",
            "281474976710657",
        ])
    func numbers(_ key: String, _ text: String) throws {
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(throws: PublishError.self) { try parse([key: value]) }
    }

    @Test(
        "The names of snapshots, and those of other files",
        arguments: [
            ("leasehold-1-0123456789abcdef.sqlite.gz", true), ("leasehold-120-ffffffffffffffff.sqlite.gz", true),
            ("leasehold-2025-backup.sqlite.gz", false), ("leasehold-1-0123456789abcde.sqlite.gz", false),
            ("leasehold-1-0123456789abcdef0.sqlite.gz", false), ("leasehold-1-0123456789abcdeF.sqlite.gz", false),
            ("leasehold--0123456789abcdef.sqlite.gz", false), ("leasehold-1x-0123456789abcdef.sqlite.gz", false),
            ("my-leasehold-1-0123456789abcdef.sqlite.gz", false), ("leasehold-1-0123456789abcdef.sqlite.gz.gz", false),
            ("leasehold-1-2-0123456789abcdef.sqlite.gz", false), ("leasehold-1-0123456789.bcdef.sqlite.gz", false),
        ])
    func names(_ name: String, _ isSnapshot: Bool) {
        #expect(SnapshotManifest.isFileName(name) == isSnapshot)
    }

    @Test("A snapshot has the name of one")
    func ownName() {
        let digest = String(repeating: "0a", count: 32)
        #expect(SnapshotManifest.isFileName(SnapshotManifest.fileName(version: 1 << 40, sha256: digest)))
    }

    @Test(
        "A token goes over https, or stays on this machine",
        arguments: [
            ("https://leases.example.org/", true), ("http://localhost:8080/", true), ("http://127.0.0.2/x", true),
            ("http://[::1]:80/", true), ("HTTPS://leases.example.org", true), ("http://leases.example.org/", false),
            ("http://127.0.0.1.example.org/", false), ("http://localhost.example.org/", false),
            ("http://10.0.0.1/", false),
        ])
    func tokens(_ url: String, _ isAllowed: Bool) throws {
        func make(_ environment: [String: String]) throws(PublishError) -> SnapshotPuller {
            try SnapshotPuller(
                url: url, databasePath: "/nowhere", environment: environment, userAgent: "test",
                now: { Timestamp(secondsSince1970: 0) })
        }
        _ = try make([:])
        var problem: PublishError?
        do throws(PublishError) { _ = try make(["LEASEHOLD_PULL_TOKEN": "t"]) } catch { problem = error }
        #expect((problem == nil) == isAllowed)
        #expect(problem.map { $0.kind == .configuration } ?? true)
    }

    @Test("A folder for copies is private, goes with its user, and is left alone while it is in use")
    func workFolders() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "leasehold-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let database = DatabaseFiles(named: "\(folder)/db.sqlite")
        func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }
        // What a process that was killed has left, and what only looks like it.
        for name in ["db.sqlite-snapshot-killed", "other.sqlite-snapshot-x"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
        }
        do {
            let first = try WorkFolder(beside: database)
            #expect(FileFacts(path: first.path)?.permissions == 0o700)
            do {
                let second = try WorkFolder(beside: database)
                #expect(first.path != second.path)
                #expect(FileFacts(path: first.path) != nil && FileFacts(path: second.path) != nil)
            }
            #expect(try names() == [(first.path as NSString).lastPathComponent, "other.sqlite-snapshot-x"])
        }
        #expect(try names() == ["other.sqlite-snapshot-x"])
    }
}
