import LeaseModel
import MirrorFixtures
import OpenStackClient
import Synchronization
import Testing

@testable import SyncEngine

/// Always the largest number, so that every wait is as long as allowed.
private struct LargestNumber: RandomNumberGenerator {
    mutating func next() -> UInt64 { .max }
}

/// Records the waits of a watch, which take no time, and ends it after a number of them.
private final class Sleeper: Sendable {
    private let waits = Mutex<[Double]>([])
    private let most: Int
    private let between: @Sendable (Int) -> Void

    init(most: Int, between: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.most = most
        self.between = between
    }

    var all: [Double] { waits.withLock(\.self) }

    func sleep(_ seconds: Double) throws {
        let count = waits.withLock { waits in
            waits.append(seconds)
            return waits.count
        }
        if count == most { throw CancellationError() }
        between(count)
    }
}

@Suite("Watching clouds", .timeLimit(.minutes(5)))
struct SyncWatchTests {
    private func watch(_ fixture: PullFixture, _ sleeper: Sleeper, intervalSeconds: Double = 60) -> SyncWatch {
        SyncWatch(
            store: fixture.mirror.store, intervalSeconds: intervalSeconds, now: { fixture.clock.now },
            sleep: { try sleeper.sleep($0) }, progress: { fixture.log.note($0) }, makeRandom: { LargestNumber() })
    }

    private func entry(_ connection: CloudConnection) -> CloudDirectory.Entry {
        CloudDirectory.Entry(
            reference: connection.reference, name: connection.name, connection: .success(connection))
    }

    @Test("A cloud that answers is read at its interval; a failing one less and less often, up to 15 minutes apart")
    func backoff() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let cloud = fixture.cloud
        let sleeper = Sleeper(most: 10) { count in
            if count == 2 { cloud.answer("GET /leases", .refusal(500, "Internal error")) }
            if count == 8 { cloud.answer("GET /leases", nil) }
        }
        let connection = fixture.connection()
        try await watch(fixture, sleeper).run { [entry(connection)] }
        #expect(sleeper.all.map { $0.rounded() } == [66, 66, 66, 120, 240, 480, 900, 900, 66, 66])
        #expect(
            fixture.log.reports.map { $0.failure == nil } == [
                true, true, false, false, false, false, false, false, true, true,
            ])
        #expect(cloud.isClosed)
    }

    @Test("Retry-After lengthens a shorter wait, and never shortens a longer one")
    func retryAfter() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        var busy = ScriptedCloud.Answer.refusal(503, "Busy")
        busy.headers.add("retry-after", "3000")
        fixture.cloud.answer("GET /leases", busy)
        let cloud = fixture.cloud
        let sleeper = Sleeper(most: 3) { count in
            if count == 1 { cloud.answer("GET /leases", .refusal(500, "Internal error")) }
        }
        let connection = fixture.connection()
        try await watch(fixture, sleeper, intervalSeconds: 7_200).run { [entry(connection)] }
        #expect(sleeper.all.map { $0.rounded() } == [7_920, 7_920, 7_920])
        let impatient = Sleeper(most: 1)
        fixture.cloud.answer("GET /leases", busy)
        try await watch(fixture, impatient).run { [entry(connection)] }
        #expect(impatient.all == [3_000])
    }

    @Test("Hosts, flavors and names are read at first and then every 15 minutes")
    func resources() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let sleeper = Sleeper(most: 5) { _ in fixture.clock.advance(minutes: 6) }
        let connection = fixture.connection()
        try await watch(fixture, sleeper).run { [entry(connection)] }
        let readings = fixture.cloud.asked.split(separator: "GET /leases", omittingEmptySubsequences: false).dropFirst()
        #expect(readings.map { $0.contains("GET /os-hosts") } == [true, false, false, true, false])
    }

    @Test("A cloud that does not answer delays no other, and stopping ends both")
    func independence() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let hanging = ScriptedCloud { _ in try? await Task.sleep(for: .seconds(3_600)) }
        let entries = [entry(fixture.connection("hanging", hanging)), entry(fixture.connection("good"))]
        let (reports, continuation) = AsyncStream.makeStream(of: SyncReport.self)
        let watch = SyncWatch(
            store: fixture.mirror.store, intervalSeconds: 60, now: { fixture.clock.now },
            sleep: { _ in
                await Task.yield()
                try Task.checkCancellation()
            },
            progress: { if case .finished(let report) = $0 { continuation.yield(report) } })
        let task = Task { try await watch.run { entries } }
        var count = 0
        for await report in reports {
            #expect(report.cloud == "good")
            count += 1
            if count == 3 { break }
        }
        task.cancel()
        try await task.value
        #expect(hanging.isClosed)
        #expect(fixture.cloud.isClosed)
    }

    @Test("A faulty entry is reported, tried again, and read once it is fixed")
    func mended() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let isMended = Mutex(false)
        let sleeper = Sleeper(most: 3) { count in if count == 2 { isMended.withLock { $0 = true } } }
        let connection = fixture.connection()
        try await watch(fixture, sleeper).run {
            guard isMended.withLock(\.self) else {
                let fault = CloudError(ServiceError(kind: .configuration, message: "auth_url is missing."))
                return [
                    CloudDirectory.Entry(
                        reference: CloudReference(entry: "alpha"), name: "alpha", connection: .failure(fault))
                ]
            }
            return [entry(connection)]
        }
        #expect(fixture.log.reports.map(\.failure) == [.configuration, .configuration, nil])
        #expect(fixture.log.reports.first?.message == "auth_url is missing.")
    }

    @Test("Nothing is watched if the clouds are unknown")
    func noClouds() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        await #expect(throws: CloudError.self) {
            try await watch(fixture, Sleeper(most: 1)).run { () throws(CloudError) in
                throw CloudError(ServiceError(kind: .configuration, message: "clouds.yaml, line 3: not YAML."))
            }
        }
    }
}
