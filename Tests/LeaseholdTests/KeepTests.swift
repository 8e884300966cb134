import CloudFixtures
import LeaseModel
import SyncEngine
import Testing

@testable import Leasehold

@Suite("Keeping a lease")
struct KeepTests {
    @Test("A new, earlier limit replaces the old one and its extension that was not sent")
    func earlier() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try lab.lease()
            try await lease.submit()
            let end = lease.endsAt
            _ = try lab.manager.keep("mine", until: end.adding(seconds: 36_000), minStepSeconds: 60)
            let address = try #require(try lab.manager.scopes().first).queueAddress
            _ = try lab.manager.keeper.run(of: address, at: lab.cloud.now, mayExtend: true)
            let queued = try #require(try lab.manager.lease("mine").pending.last)
            #expect(queued.body["end_date"] == .string(end.adding(seconds: 36_000).blazarRequest))
            let rule = try lab.manager.keep("mine", until: end.adding(seconds: 7_200), minStepSeconds: 60)
            #expect(rule.until == end.adding(seconds: 7_200).truncatedToMinute)
            #expect(try lab.manager.mutation(queued.id).mutation.state == .cancelled)
            try await lab.manager.sync()
            #expect(lab.cloud.leases().first?.endsAt == rule.until)
            #expect(throws: LeaseholdError.self) {
                try lab.manager.keep("mine", until: end, minStepSeconds: 60)
            }
        }
    }
}
