import CloudFixtures
import LeaseModel
import LeaseStore
import LocalFiles
import OpenStackClient
import SyncPlanner
import Testing

@testable import SyncEngine

@Suite("Crashes, and the right to send")
struct QueueCrashTests {
    private func with(_ body: (QueueFixture) async throws -> Void) async throws {
        let fixture = try await QueueFixture()
        defer { fixture.remove() }
        try await body(fixture)
    }

    @Test(
        "Wherever the program ends while it creates a lease, exactly one results",
        arguments: ["plan", "before POST", "after POST"])
    func creation(point: String) async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            fixture.checkpoints.crash(at: point)
            await #expect(throws: Checkpoints.Crash.self) { _ = try await fixture.push() }
            await fixture.settle()
            #expect(try fixture.state(mutation) == .settled)
            #expect(fixture.cloud.leases().count == 1)
            #expect(try fixture.present(mutation).leaseID == fixture.cloud.leases().first?.id)
            #expect(fixture.cloud.count("POST") == 1)
        }
    }

    @Test("The next sync finds what a program was sending when it ended", arguments: ["before POST", "after POST"])
    func nextSync(point: String) async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            fixture.checkpoints.crash(at: point)
            await #expect(throws: Checkpoints.Crash.self) { _ = try await fixture.push() }
            #expect(try fixture.state(mutation) == .sending)
            await fixture.sync()
            // If it was not created, this list is the first that could have shown it, and the quiet period begins.
            #expect(try fixture.state(mutation) == (point == "after POST" ? .settled : .unknown))
            #expect(try (fixture.present(mutation).unconfirmed?.anchor != nil) == (point == "before POST"))
        }
    }

    @Test("A write that another process is sending is left alone")
    func stillSending() async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            fixture.checkpoints.crash(at: "before POST")
            await #expect(throws: Checkpoints.Crash.self) { _ = try await fixture.push() }
            let lock = try #require(SenderLockHolder(fixture.store.files, fixture.scope.queueAddress))
            await fixture.sync()
            #expect(try fixture.state(mutation) == .sending)
            withExtendedLifetime(lock) {}
        }
    }

    @Test(
        "Wherever the program ends during a change or deletion, it is carried out once",
        arguments: ["plan", "before PUT", "after PUT", "before DELETE", "after DELETE"])
    func change(point: String) async throws {
        try await with { fixture in
            _ = try await fixture.lease("bystander")
            let lease = try await fixture.lease()
            let isDeletion = point.hasSuffix("DELETE")
            let mutation =
                try isDeletion
                ? fixture.change(.delete, lease) : fixture.change(.extend, lease, fixture.end(9_000))
            fixture.checkpoints.crash(at: point)
            await #expect(throws: Checkpoints.Crash.self) { _ = try await fixture.push() }
            await fixture.settle(2)
            #expect(try fixture.state(mutation) == .settled)
            let ends = fixture.cloud.leases().filter { $0.id == lease.id }.map(\.endsAt)
            #expect(ends == (isDeletion ? [] : [QueueCloud.start.adding(seconds: 9_000)]))
            #expect(fixture.cloud.count("PUT") + fixture.cloud.count("DELETE") == 1)
        }
    }

    @Test("Only one process sends at a time, and the lock ends with its holder")
    func senderLock() async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            do {
                let lock = try #require(SenderLockHolder(fixture.store.files, fixture.scope.queueAddress))
                #expect(try await fixture.push().isBusy)
                #expect(SenderLockHolder(fixture.store.files, fixture.scope.queueAddress) == nil)
                // Another scope's queue has its own lock.
                #expect(SenderLockHolder(fixture.store.files, QueueAddress(siteID: 1, projectID: "other")) != nil)
                #expect(fixture.cloud.count("POST") == 0)
                withExtendedLifetime(lock) {}
            }
            #expect(try await !fixture.push().isBusy)
            #expect(try fixture.state(mutation) == .accepted)
        }
    }

    @Test("Concurrent pushes and syncs send each write once, without errors")
    func manySenders() async throws {
        try await with { fixture in
            await fixture.sync()
            for number in 0..<12 {
                try fixture.create(
                    fixture.draft("dummy-\(number)", reservation: ["resource_type": "virtual:dummy", "amount": 1]))
            }
            let reports = await withTaskGroup(of: SyncReport.self) { group in
                for _ in 0..<4 { group.addTask { await fixture.sync() } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(reports.compactMap(\.message) == [])
            await fixture.sync()
            #expect(fixture.cloud.leases().count == 12)
            #expect(fixture.cloud.count("POST") == 12)
            #expect(try fixture.store.queue(of: fixture.scope.queueAddress).isEmpty)
        }
    }

    @Test("Credentials for another project send nothing")
    func otherProject() async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            let result = try await QueueSender(
                store: fixture.store, connection: QueueFixture.connection(fixture.cloud, "user2"),
                scope: fixture.scope, rules: fixture.rules, progress: { _ in }
            ).run()
            #expect(result.pause?.failure == .configuration)
            #expect(try fixture.state(mutation) == .queued)
            #expect(fixture.cloud.count("POST") == 0)
        }
    }
}

/// Keeps the right to send; a class, so that a test can check whether it exists.
private final class SenderLockHolder {
    private let lock: SenderLock

    init?(_ files: DatabaseFiles, _ address: QueueAddress) {
        guard let lock = try? SenderLock(database: files, address: address) else { return nil }
        self.lock = lock
    }
}
