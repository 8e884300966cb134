import BlazarClient
import CaptureFixtures
import Foundation
import Testing

@testable import SyncEngine

@Suite("The spool of slices")
struct SliceSpoolTests {
    private static func slices() -> [LeaseSlice] {
        var random = SeededRandom(seed: 7)
        return (0..<100).map { index in
            let bytes = (0..<Int.random(in: 2...400, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            return LeaseSlice(bytes: bytes, id: "l\(index)", digest: UInt64(index))
        }
    }

    private static func contents(_ spool: consuming SliceSpool, most: Int) throws -> [(bytes: [UInt8], digest: UInt64)]
    {
        var spool = spool
        try spool.rewind()
        var found: [(bytes: [UInt8], digest: UInt64)] = []
        while true {
            let batch = try spool.next(most)
            guard !batch.isEmpty else { return found }
            #expect(batch.count <= most)
            found += batch
        }
    }

    @Test(
        "returns its slices in order, whatever fits in memory", arguments: [0, 1, 1_000, 1 << 20], [1, 7, 500])
    func roundTrip(memoryLimit: Int, most: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spool-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let slices = Self.slices()
        var spool = SliceSpool(folder: folder.path, memoryLimit: memoryLimit)
        for slice in slices { try spool.append(slice) }
        #expect(spool.count == slices.count)
        // An unnamed file disappears with the process, however it ends.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        let found = try Self.contents(spool, most: most)
        #expect(found.map(\.bytes) == slices.map(\.bytes))
        #expect(found.map(\.digest) == slices.map(\.digest))
    }

    @Test("returns nothing if it is empty, and then needs no folder")
    func empty() throws {
        #expect(try Self.contents(SliceSpool(folder: "/nowhere", memoryLimit: 0), most: 10).isEmpty)
    }

    @Test("throws if it cannot write")
    func noFolder() {
        #expect(throws: (any Error).self) {
            var spool = SliceSpool(folder: "/nowhere/at/all", memoryLimit: 0)
            for slice in Self.slices() { try spool.append(slice) }
        }
    }

    @Test("is kept beside the database, even if its path has no folder")
    func folder() {
        #expect(SliceSpool.folder(beside: "/var/lib/leases.sqlite") == "/var/lib")
        #expect(SliceSpool.folder(beside: "leases.sqlite") == ".")
        #expect(SliceSpool.folder(beside: "/leases.sqlite") == "/")
    }
}
