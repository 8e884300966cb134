import BlazarModel
import CloudFixtures
import LeaseModel
import LeaseStore
import OpenStackClient
import Testing

@testable import SyncEngine

@Suite("Writes reach their site and project, whatever the cloud is called")
struct DestinationTests {
    private func with(_ body: (QueueFixture) async throws -> Void) async throws {
        let fixture = try await QueueFixture()
        defer { fixture.remove() }
        try await body(fixture)
    }

    private func push(_ fixture: QueueFixture, _ connection: CloudConnection) async throws -> SendResult {
        try await QueueSender(
            store: fixture.store, connection: connection, scope: fixture.scope, rules: fixture.rules,
            progress: { _ in }
        ).run()
    }

    @Test("A token for another project sends nothing, and the write says where each leads")
    func otherProject() async throws {
        try await with { fixture in
            let lease = try await fixture.lease()
            let creation = try fixture.create()
            let deletion = try fixture.change(.delete, lease)
            fixture.cloud.forget()
            let other = QueueFixture.connection(fixture.cloud, "user2")
            let pause = try #require(try await push(fixture, other).pause)
            #expect(pause.message.contains("project project1 at"))
            #expect(pause.message.contains("now leads to project project2 at"))
            #expect(fixture.cloud.asked.isEmpty)
            #expect(try fixture.state(creation) == .queued)
            #expect(try fixture.state(deletion) == .queued)
        }
    }

    @Test("A sync through a cloud that now leads elsewhere sends nothing and reports the waiting writes")
    func detour() async throws {
        try await with { fixture in
            let creation = try fixture.create()
            let other = QueueFixture.connection(fixture.cloud, "user2")
            var options = SyncOptions()
            options.readsResources = false
            let report = await CloudSync(
                store: fixture.store, connection: other, options: options, progress: { _ in }
            ).run()
            #expect(report.failure == nil)
            #expect(report.warnings.contains { $0.contains("cloud lab now leads to") }, "\(report.warnings)")
            #expect(fixture.cloud.count("POST") == 0)
            #expect(try fixture.present(creation).message?.contains("It waits") == true)
            await fixture.sync()
            #expect(try fixture.state(creation) == .settled)
        }
    }

    @Test("A blocked creation is released only by a token for its own site and project")
    func unconfirmed() async throws {
        try await with { fixture in
            let unconfirmed = UnconfirmedDestination(cloud: CloudReference(entry: "lab"))
            let creation = try fixture.writeQueue.create(
                fixture.draft(), scope: fixture.scope, terms: .init(), unconfirmed: unconfirmed)
            #expect(creation.state == .blocked)
            var other = fixture.connection.cloud
            other.reference = CloudReference(entry: "another")
            let connection = CloudConnection(
                cloud: other, session: fixture.connection.session, now: { fixture.cloud.now })
            _ = try await push(fixture, connection)
            #expect(try fixture.state(creation) == .blocked)
            await fixture.sync()
            #expect(try fixture.state(creation) == .settled)
            #expect(fixture.cloud.leases().count == 1)
        }
    }

    @Test("A person may release a creation whose destination is not confirmed")
    func retried() async throws {
        try await with { fixture in
            let unconfirmed = UnconfirmedDestination(cloud: CloudReference(entry: "gone"))
            let creation = try fixture.writeQueue.create(
                fixture.draft(), scope: fixture.scope, terms: .init(), unconfirmed: unconfirmed)
            _ = try fixture.writeQueue.retry(creation.id)
            await fixture.sync()
            #expect(try fixture.state(creation) == .settled)
        }
    }
}
