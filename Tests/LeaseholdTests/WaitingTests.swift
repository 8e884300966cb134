import CloudFixtures
import LeaseModel
import Leasehold
import Testing

@Suite("Waiting for a lease")
struct WaitingTests {
    /// The requests to Blazar since an earlier count.
    private func asked(_ lab: LeaseLab, since count: Int) -> [String] { Array(lab.cloud.asked.dropFirst(count)) }

    @Test("asks for that lease alone, with one login, however long it takes")
    func oneLease() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try lab.lease("mine", startsAt: lab.cloud.now.adding(seconds: 300))
            try await lease.submit(waitForActive: false)
            try await lab.manager.sync()
            let before = lab.cloud.asked.count
            let logins = lab.cloud.logins
            let result = try await lab.manager.wait(for: "mine", status: .active, timeoutSeconds: 900)
            #expect(result.lease?.lease.status == .active)
            let asked = asked(lab, since: before)
            #expect(asked.count > 3)
            #expect(Set(asked) == ["GET /v1/leases/\(try #require(result.lease).id)"])
            #expect(lab.cloud.logins == logins + 1)
        }
    }

    @Test("for a write settles it without reading the list")
    func write() async throws {
        try await LeaseLab.with { lab async throws in
            try await lab.lease("first").submit(waitForActive: false)
            try await lab.manager.sync()
            let before = lab.cloud.asked.count
            let lease = try lab.lease("second", startsAt: lab.cloud.now.adding(seconds: 120))
            try await lease.submit(waitForActive: true)
            #expect(lease.status == .active)
            #expect(!asked(lab, since: before).contains { $0.hasPrefix("GET /v1/leases?") || $0 == "GET /v1/leases" })
            let write = try #require(try lab.manager.queue(includesFinal: true).last)
            #expect(write.state == .settled)
        }
    }

    @Test("that starts at once goes on until it is active, though the cloud's clock is ahead")
    func clockAhead() async throws {
        try await LeaseLab.with { lab async throws in
            let manager = try lab.manager(secondsOff: -600)
            let draft = LeaseDraft(
                name: "mine", start: .now, endsAt: lab.cloud.now.adding(seconds: 3_600),
                reservations: [try ReservationRequest.node().json])
            let created = try await manager.create(draft)
            let waited = try await manager.wait(forWrite: created.mutation.id, timeoutSeconds: 120)
            #expect(waited.lease?.lease.status == .active)
        }
    }

    @Test("notices that the lease was deleted")
    func deleted() async throws {
        try await LeaseLab.with { lab async throws in
            try await lab.lease("mine", startsAt: lab.cloud.now.adding(seconds: 3_600)).submit(waitForActive: false)
            try await lab.manager.sync()
            let id = try lab.manager.lease("mine").id
            lab.cloud.direct("DELETE", "/v1/leases/\(id)")
            let error = await #expect(throws: LeaseholdError.self) {
                try await lab.manager.wait(for: "mine", status: .active, timeoutSeconds: 900)
            }
            #expect(error?.code == .refused)
            #expect(try lab.manager.lease(id).removal?.reason == .deleted)
        }
    }
}
