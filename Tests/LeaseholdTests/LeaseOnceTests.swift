import BlazarModel
import CloudFixtures
import LeaseModel
import Leasehold
import Synchronization
import Testing

@Suite("However often it is tried, one lease is created")
struct LeaseOnceTests {
    @Test("An idempotent submission finds the live lease of its name, made elsewhere or queued here, not ended ones")
    func idempotent() async throws {
        try await LeaseLab.with { lab async throws in
            // Two old leases share the name: python-chi then creates another one each time.
            for _ in 0..<2 {
                let old = try lab.lease()
                try await old.submit()
                lab.cloud.advance(4_000)
            }
            #expect(lab.cloud.leases().allSatisfy { $0.status == .terminated })
            let elsewhere = LeaseDraft(
                name: "mine", start: .now, endsAt: lab.cloud.now.adding(seconds: 3_600),
                reservations: [try ReservationRequest.node().json])
            lab.cloud.direct("POST", "/v1/leases", .object(elsewhere.body), as: "user3")
            lab.cloud.advance(60)
            let lease = try lab.lease()
            try await lease.submit(idempotent: true)
            #expect(lease.status == .active)
            #expect(lab.cloud.leases().count == 3)

            let queued = try lab.lease("queued")
            try await queued.submit(isOffline: true)
            let same = try lab.lease("queued")
            try await same.submit(idempotent: true, isOffline: true)
            #expect(same.id == queued.id)
            try await queued.delete(isOffline: true)
            let next = try lab.lease("queued")
            try await next.submit(idempotent: true, isOffline: true)
            #expect(next.id != queued.id)
        }
    }

    @Test("A lease whose deletion is queued does not satisfy an idempotent submission")
    func deletedIdempotent() async throws {
        try await LeaseLab.with { lab async throws in
            let old = try lab.lease()
            try await old.submit()
            try await old.delete(isOffline: true)
            #expect(old.status == .active && old.pending.map(\.verb) == [.delete])
            let new = try lab.lease()
            try await new.submit(idempotent: true, isOffline: true)
            #expect(new.id != old.id)
        }
    }

    @Test("A lost answer makes no second lease, whatever may be retried")
    func lostAnswer() async throws {
        try await LeaseLab.with { lab async throws in
            lab.cloud.fail("POST /v1/leases", .lost)
            let lease = try lab.lease()
            try await lease.submit(retryOnError: 5)
            #expect(lease.status == .active)
            #expect(lab.cloud.leases().count == 1)
        }
    }

    @Test("A refusal is retried as often as requested", arguments: [0, 1, 4])
    func retriesRefusals(_ retries: Int) async throws {
        try await LeaseLab.with { lab async throws in
            for _ in 0..<20 { lab.cloud.fail("POST /v1/leases", .refusal(400, "Not today")) }
            let lease = try lab.lease()
            let error = await #expect(throws: LeaseholdError.self) { try await lease.submit(retryOnError: retries) }
            #expect(error?.message.contains("Not today") == true)
            #expect(lab.cloud.count("POST") == retries + 1)
            #expect(lab.cloud.leases().isEmpty)
        }
    }

    @Test("A lease in ERROR is deleted before another one is created")
    func retriesErrors() async throws {
        try await LeaseLab.with { lab async throws in
            lab.cloud.change { $0.policy.namesThatFailToStart = ["mine"] }
            let lease = try lab.lease()
            let deletions = Mutex(0)
            try await lease.submit(retryOnError: 3) { progress in
                guard case .mutation(_, let mutation) = progress, mutation.verb == .delete else { return }
                guard mutation.state == .accepted || mutation.state == .settled else { return }
                let count = deletions.withLock {
                    $0 += 1
                    return $0
                }
                if count == 2 { lab.cloud.change { $0.policy.namesThatFailToStart = [] } }
            }
            #expect(lease.status == .active)
            #expect(lab.cloud.count("POST") == 3)
            #expect(lab.cloud.leases().map(\.status) == [.active])
        }
    }

    @Test("Without retries a lease in ERROR stays and is reported; if it cannot be deleted, no other is created")
    func error() async throws {
        try await LeaseLab.with { lab async throws in
            lab.cloud.change { $0.policy.namesThatFailToStart = ["mine"] }
            let lease = try lab.lease()
            let error = await #expect(throws: LeaseholdError.self) { try await lease.submit() }
            #expect(error?.code == .refused && lease.status == .error)
            try await lease.delete()
            for _ in 0..<9 { lab.cloud.fail("DELETE /v1/leases", .refusal(400, "Not now")) }
            let other = try lab.lease()
            await #expect(throws: LeaseholdError.self) { try await other.submit(retryOnError: 3) }
            #expect(lab.cloud.leases().map(\.status) == [.error])
        }
    }

    @Test("A refusal that comes during the wait is retried too")
    func laterRefusal() async throws {
        try await LeaseLab.with { lab async throws in
            try await lab.manager.sync()
            for _ in 0..<2 { lab.cloud.fail("POST", .unreachable) }
            lab.cloud.fail("POST /v1/leases", .refusal(400, "Not today"))
            let lease = try lab.lease()
            try await lease.submit(retryOnError: 1)
            #expect(lease.status == .active)
            #expect(lab.cloud.leases().count == 1)
        }
    }

    @Test("An idempotent submission does not delete another program's lease in ERROR")
    func foundError() async throws {
        try await LeaseLab.with { lab async throws in
            lab.cloud.change { $0.policy.namesThatFailToStart = ["mine"] }
            let made = try lab.lease(startsAt: lab.cloud.now.adding(seconds: 120))
            try await made.submit(waitForActive: false)
            let found = try Lease(
                name: "mine", duration: .seconds(3_600), manager: lab.manager(database: "other.sqlite"))
            try found.addReservation(.node())
            await #expect(throws: LeaseholdError.self) { try await found.submit(idempotent: true, retryOnError: 3) }
            #expect(found.id == made.id && found.status == .error)
            #expect(lab.cloud.count("DELETE") == 0)
        }
    }
}
