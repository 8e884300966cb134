import GRDB
import LeaseModel
import MirrorFixtures
import Testing

@testable import LeaseStore

@Suite("Durability of writes")
struct DurabilityTests {
    private struct Refused: Error {}

    private func synchronous(_ store: LeaseStore) throws -> Int? {
        try store.database.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
    }

    @Test("A part of a long task is not forced to disk; every other write is")
    func parts() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        #expect(try synchronous(fixture.store) == 2)
        // Each part, not only the first.
        for _ in 1...3 {
            let during = try fixture.store.writeInPart { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
            #expect(during == 1)
            #expect(try synchronous(fixture.store) == 2)
        }
    }

    @Test("A part that fails is rolled back, and later writes are forced to disk again")
    func failure() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        #expect(throws: StoreError.self) {
            try fixture.store.writeInPart { database -> Int? in
                try database.execute(sql: "UPDATE scope SET region = 'elsewhere'")
                throw Refused()
            }
        }
        #expect(try synchronous(fixture.store) == 2)
        #expect(try fixture.store.scopes().map(\.region) == ["R"])
    }
}
