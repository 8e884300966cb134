import BlazarModel
import CloudFixtures
import LeaseModel
import LeaseStore
import OpenStackClient
import Testing

@testable import SyncEngine

@Suite("A list in pages")
struct PagedListTests {
    private func with(
        size: Int?, links: Bool, leases: Int = 250, _ body: (QueueFixture) async throws -> Void
    ) async throws {
        let fixture = try await QueueFixture(.chameleon)
        defer { fixture.remove() }
        fixture.cloud.change { model in
            model.policy.pageSize = size
            model.policy.linksPages = links
            model.addSyntheticLeases(leases)
        }
        fixture.cloud.forget()
        try await body(fixture)
    }

    private func listed(_ fixture: QueueFixture) throws -> Int { try fixture.store.leases(LeaseFilter()).count }

    @Test("is read to its last page", arguments: [true, false], [50, 100, 249, 250, 251, 1_000])
    func whole(links: Bool, size: Int) async throws {
        try await with(size: size, links: links) { fixture in
            let report = await fixture.sync()
            #expect(report.failure == nil, "\(report.message ?? "")")
            #expect(report.counts.listed == 250)
            let mirrored = try listed(fixture)
            #expect(mirrored == 250)
            let again = await fixture.sync()
            #expect(again.counts.listed == 250)
            #expect(again.counts.vanished == 0)
        }
    }

    @Test("costs one request on a server without pages")
    func withoutPages() async throws {
        try await with(size: nil, links: false) { fixture in
            await fixture.sync()
            #expect(fixture.cloud.asked == ["GET /v1/leases?limit=1"])
            let mirrored = try listed(fixture)
            #expect(mirrored == 250)
        }
    }

    @Test("deletes nothing if a lease disappears between two pages", arguments: [true, false])
    func deletedMeanwhile(links: Bool) async throws {
        try await with(size: 100, links: links) { fixture in
            await fixture.sync()
            let one = try #require(fixture.store.leases(LeaseFilter()).last?.lease.id)
            // The last lease of the previous page disappears, so the server no longer knows where to continue.
            fixture.cloud.fail(
                "GET /v1/leases?limit=1000&marker", .refusal(404, "Object with {'lease_id': 'x'} not found"))
            let report = await fixture.sync()
            #expect(report.failure != nil)
            #expect(report.counts.vanished == 0)
            let mirrored = try listed(fixture)
            #expect(mirrored == 250)
            fixture.cloud.direct("DELETE", "/v1/leases/\(one)")
            let next = await fixture.sync()
            #expect(next.failure == nil)
            #expect(next.counts.vanished == 1)
            let left = try listed(fixture)
            #expect(left == 249)
        }
    }

    @Test("that repeats endlessly ends with an error, and deletes nothing")
    func circle() async throws {
        try await with(size: 100, links: false) { fixture in
            await fixture.sync()
            let lease = #"{"id": "a", "name": "a", "leases": []}"#
            fixture.cloud.fail(
                "GET /v1/leases?limit=1000&marker",
                .answer(200, ["content-type": "application/json"], "{\"leases\": [\(lease), \(lease)]}"))
            let report = await fixture.sync()
            #expect(report.failure == .badAnswer)
            #expect(report.message?.contains("repeats") == true, "\(report.message ?? "")")
            let mirrored = try listed(fixture)
            #expect(mirrored == 250)
        }
    }
}
