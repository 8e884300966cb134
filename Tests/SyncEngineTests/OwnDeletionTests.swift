import CloudFixtures
import LeaseModel
import LeaseStore
import Testing

@testable import SyncEngine

@Suite("A list that lacks leases deleted from here")
struct OwnDeletionTests {
    private func with(_ body: (QueueFixture) async throws -> Void) async throws {
        let fixture = try await QueueFixture()
        defer { fixture.remove() }
        try await body(fixture)
    }

    static let dummy: JSONObject = ["resource_type": "virtual:dummy", "amount": 1]

    @Test("is believed, even if many are missing and no answer came", arguments: [1, 5])
    func lostAnswers(count: Int) async throws {
        try await with { fixture in
            var mutations: [Mutation] = []
            for number in 0..<count { _ = try await fixture.lease("l\(number)", Self.dummy) }
            for number in 0..<count {
                mutations.append(try fixture.change(.delete, fixture.mirrored("l\(number)")))
                fixture.cloud.fail("DELETE", .lost)
            }
            _ = try await fixture.push()
            #expect(fixture.cloud.leases().isEmpty)
            #expect(try mutations.allSatisfy { try fixture.state($0) == .queued })
            let report = await fixture.sync()
            #expect(report.failure == nil, "\(report.message ?? "")")
            fixture.cloud.advance(5)
            #expect(await fixture.sync().failure == nil)
            #expect(try mutations.allSatisfy { try fixture.state($0) == .settled })
            #expect(try fixture.store.leases(LeaseFilter()).isEmpty)
        }
    }

    @Test("is believed if the process died before the answer", arguments: ["before DELETE", "after DELETE"])
    func crash(point: String) async throws {
        try await with { fixture in
            let mutation = try fixture.change(.delete, try await fixture.lease())
            fixture.checkpoints.crash(at: point)
            await #expect(throws: Checkpoints.Crash.self) { _ = try await fixture.push() }
            await fixture.settle(2)
            #expect(try fixture.state(mutation) == .settled)
            #expect(try fixture.store.leases(LeaseFilter()).isEmpty)
        }
    }

    @Test("is not believed if it lacks another lease too, or if the deletion was refused")
    func others() async throws {
        for isRefused in [false, true] {
            try await with { fixture in
                let own = try await fixture.lease("own", Self.dummy)
                if isRefused {
                    fixture.cloud.fail("DELETE", .refusal(403, "Policy doesn't allow it."))
                    let mutation = try fixture.change(.delete, own)
                    _ = try await fixture.push()
                    #expect(try fixture.state(mutation) == .rejected)
                    fixture.cloud.direct("DELETE", "/v1/leases/\(own.id)")
                } else {
                    let other = try await fixture.lease("other", Self.dummy)
                    try fixture.change(.delete, own)
                    fixture.cloud.fail("DELETE", .lost)
                    _ = try await fixture.push()
                    fixture.cloud.direct("DELETE", "/v1/leases/\(other.id)")
                }
                #expect(await fixture.sync().failure == .suspect)
            }
        }
    }
}
