import CaptureFixtures
import LeaseModel
import LeaseStore
import MirrorFixtures
import OpenStackClient
import Synchronization
import Testing

@testable import Reminders

/// Random histories of leases, with a channel that fails, a computer that sleeps, and processes that die between any two
/// steps: each reminder is told exactly once to a receiver that knows repetitions by their ids, and none is lost.
@Suite struct ReminderHistoryTests {
    private struct Owed: Hashable {
        let kind: ReminderKind
        let lease: String
        let deadline: Timestamp
        let lead: Int64

        init(_ kind: ReminderKind, _ lease: String, _ deadline: Timestamp, _ lead: Int64 = 0) {
            (self.kind, self.lease, self.deadline, self.lead) = (kind, lease, deadline, lead)
        }

        init(_ reminder: Reminder) {
            self.init(reminder.kind, reminder.leaseID ?? "", reminder.deadline, reminder.leadSeconds)
        }
    }

    private final class Receiver: Sendable {
        struct State {
            var deliveries: [(owed: Owed, token: String, message: String)] = []
            var fails = false
        }
        let state = Mutex(State())

        func take(_ message: ReminderMessage) {
            state.withLock { state in
                for (reminder, token) in message.reminders {
                    state.deliveries.append((Owed(reminder), token, message.id))
                }
            }
        }
    }

    private static let rules = ReminderRules(startLeads: [0], endLeads: [10_800, 3_600], tellsErrors: true)
    private static let channel = NotifyChannel(name: "c", means: .command(["true"]))
    private static let address = [ReminderAddress(name: "c", kinds: Set(ReminderKind.allCases))]

    /// What a service tells, with a clock that the test sets.
    private final class Desk: Sendable {
        let fixture: StoreFixture
        let clock = Mutex(StoreFixture.time(0))
        let receiver = Receiver()

        init(fixture: StoreFixture) { self.fixture = fixture }

        var now: Timestamp { clock.withLock(\.self) }

        /// Runs at a minute.
        ///
        /// - Returns: what has been told since the start, by kind and time before the moment.
        @discardableResult
        func run(at minute: Int) async throws -> [String] {
            clock.withLock { $0 = StoreFixture.time(minute) }
            let time = now
            let settings = NotifySettings(path: "", rules: rules, channels: [channel])
            _ = try await ReminderService(
                store: fixture.store, settings: settings, policies: SitePolicies(), now: { time }
            ) { [receiver] message, _ async throws(ChannelProblem) in
                guard !receiver.state.withLock(\.fails) else { throw ChannelProblem(description: "no") }
                receiver.take(message)
            }.run()
            return receiver.state.withLock { $0.deliveries.map { "\($0.owed.kind) \($0.owed.lead)" } }
        }
    }

    @Test("What was told while the clock was a day ahead is told again in time, and nothing waits for that day")
    func clockAhead() async throws {
        let desk = Desk(fixture: try StoreFixture())
        defer { desk.fixture.remove() }
        try desk.fixture.pull([StoreFixture.lease("a", status: .active, from: -2_000, to: 1_440)], at: 0)
        #expect(try await desk.run(at: 1_800) == ["end 3600"])
        // It fails while the clock is more than a year ahead, and is tried at once when the clock is right.
        desk.receiver.state.withLock { $0.fails = true }
        try desk.fixture.pull(
            [
                StoreFixture.lease("a", status: .active, from: -2_000, to: 1_440),
                StoreFixture.lease("b", status: .error, from: -2_000, to: 600_000),
            ], at: 1)
        #expect(try await desk.run(at: 576_000) == ["end 3600"])
        desk.receiver.state.withLock { $0.fails = false }
        #expect(try await desk.run(at: 2) == ["end 3600", "error 0"])
        #expect(try await desk.run(at: 1_259) == ["end 3600", "error 0"])
        #expect(try await desk.run(at: 1_261) == ["end 3600", "error 0", "end 10800"])
        #expect(try await desk.run(at: 1_381) == ["end 3600", "error 0", "end 10800", "end 3600"])
        #expect(try await desk.run(at: 1_390).count == 4)
    }

    @Test("An interrupted message is repeated as it was, though more came due meanwhile")
    func repeated() async throws {
        let desk = Desk(fixture: try StoreFixture())
        defer { desk.fixture.remove() }
        try desk.fixture.pull(
            [
                StoreFixture.lease("a", status: .active, from: -10, to: 70),
                StoreFixture.lease("b", status: .active, from: -10, to: 75),
            ], at: 0)
        _ = try desk.fixture.store.recordReminders(
            Self.rules, policies: SitePolicies(), channels: Self.address, at: StoreFixture.time(11))
        let message = try #require(try desk.fixture.store.beginMessage(to: "c", at: StoreFixture.time(11)))
        #expect(message.reminders.map(\.reminder.leaseID).contains("a"))
        try await desk.run(at: 16)
        let deliveries = desk.receiver.state.withLock(\.deliveries)
        #expect(deliveries.first?.message == message.id)
        #expect(Set(deliveries.filter { $0.message == message.id }.map(\.token)) == Set(message.reminders.map(\.token)))
        #expect(deliveries.contains { $0.owed.lease == "b" && $0.owed.kind == .end && $0.message != message.id })
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func history(seed: UInt64) async throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        var random = SeededRandom(seed: seed)
        let clock = Mutex(StoreFixture.time(0))
        let now: @Sendable () -> Timestamp = { clock.withLock(\.self) }
        let receiver = Receiver()
        let service = ReminderService(
            store: fixture.store,
            settings: NotifySettings(path: "", rules: Self.rules, channels: [Self.channel]), policies: SitePolicies(),
            now: now
        ) { message, _ async throws(ChannelProblem) in
            guard !receiver.state.withLock(\.fails) else { throw ChannelProblem(description: "no") }
            receiver.take(message)
        }
        var minute = 0
        var leases: [String: BlazarLease] = [:]
        var mirror: [String: BlazarLease] = [:]
        var owed: Set<Owed> = []
        var inError: Set<String> = []
        var repetitions = 0
        var told = 0

        /// What a recording owes, computed without the planner.
        func record() {
            let moment = now()
            func isStanding(_ one: Owed) -> Bool {
                guard one.kind != .error else { return true }
                guard let lease = mirror[one.lease], lease.status != .error else { return false }
                if lease.status == .terminated, lease.endsAt > moment { return false }
                guard one.kind == .end else { return lease.startsAt == one.deadline }
                let isNearest = one.lead == 3_600 || moment < one.deadline.adding(seconds: -3_600)
                return lease.endsAt == one.deadline && isNearest
            }
            let sent = Set(receiver.state.withLock { $0.deliveries.map(\.owed) })
            for (id, lease) in mirror {
                if lease.status == .error, moment < lease.endsAt.adding(seconds: 86_400) {
                    if inError.insert(id).inserted { owed.insert(Owed(.error, id, moment)) }
                    continue
                }
                inError.remove(id)
                guard lease.status != .error else { continue }
                let end = lease.endsAt
                let leads = [10_800, 3_600].filter { $0 < end.seconds(since: lease.startsAt) }
                let due = leads.filter { end.adding(seconds: -$0) <= moment }.min().map { Owed(.end, id, end, $0) }
                let late = end.adding(seconds: 86_400) <= moment
                if let due, !late, isStanding(due), !sent.contains(due) { owed.insert(due) }
                let start = Owed(.start, id, lease.startsAt)
                if lease.startsAt <= moment, moment < lease.startsAt.adding(seconds: 86_400), isStanding(start),
                    !sent.contains(start)
                {
                    owed.insert(start)
                }
            }
            inError.formIntersection(mirror.keys)
            owed = owed.filter(isStanding)
        }

        /// What arrived since the last check was owed, or is a known repetition.
        func check() {
            let deliveries = receiver.state.withLock(\.deliveries)
            for (index, delivery) in deliveries.enumerated() where index >= told {
                if owed.remove(delivery.owed) == nil {
                    let isRepetition = deliveries[..<index].contains { $0.token == delivery.token }
                    #expect(isRepetition, "seed \(seed): \(delivery.owed) was not owed")
                    repetitions -= 1
                }
            }
            told = deliveries.count
        }

        for _ in 0..<50 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0, 1:
                let id = "l\(leases.count)"
                let start = minute + Int.random(in: -30...120, using: &random)
                leases[id] = StoreFixture.lease(
                    id, status: .active, from: start, to: start + Int.random(in: 30...600, using: &random))
            case 2, 3:
                guard let id = leases.keys.sorted().randomElement(using: &random) else { break }
                let move = Int64(Int.random(in: -60...300, using: &random)) * 60
                let end = leases[id]?.endsAt ?? now()
                leases[id]?.endsAt = end.adding(seconds: move)
            case 4:
                guard let id = leases.keys.sorted().randomElement(using: &random) else { break }
                let isInError = leases[id]?.status == .error
                leases[id]?.status = isInError ? .active : .error
            case 5:
                // It is deleted, and stays away.
                guard let id = leases.keys.sorted().randomElement(using: &random), leases.count < 40 else { break }
                leases[id]?.name = "deleted"
            default: break
            }
            minute +=
                Int.random(in: 0..<8, using: &random) == 0
                ? Int.random(in: 600...4_000, using: &random) : Int.random(in: 1...45, using: &random)
            clock.withLock { $0 = StoreFixture.time(minute) }
            if Bool.random(using: &random) {
                let listed = leases.filter { $0.value.name != "deleted" }
                try fixture.pull(Array(listed.values), at: minute)
                mirror = listed
            }
            receiver.state.withLock { $0.fails = Int.random(in: 0..<4, using: &random) == 0 }
            switch Int.random(in: 0..<6, using: &random) {
            case 0: break
            case 1:
                // It dies right after it wrote down what is due.
                record()
                _ = try fixture.store.recordReminders(
                    Self.rules, policies: SitePolicies(), channels: Self.address, at: now())
            case 2:
                // It dies while it sends: before or after the channel took the message.
                record()
                _ = try fixture.store.recordReminders(
                    Self.rules, policies: SitePolicies(), channels: Self.address, at: now())
                try fixture.store.recoverReminders(at: now())
                if let message = try fixture.store.beginMessage(to: "c", at: now()), Bool.random(using: &random) {
                    receiver.take(message)
                    repetitions += message.reminders.count
                }
                check()
                // The next process starts soon enough.
                receiver.state.withLock { $0.fails = false }
                record()
                _ = try await service.run()
                check()
            default:
                record()
                _ = try await service.run()
                check()
            }
        }
        // In the end everything that is still owed is told.
        receiver.state.withLock { $0.fails = false }
        for _ in 0..<3 {
            minute += 61
            clock.withLock { $0 = StoreFixture.time(minute) }
            record()
            _ = try await service.run()
            check()
        }
        // Only what failed for a day was given up.
        let givenUp = try fixture.store.reminderRecords().filter { record in
            record.state == .failed && now().seconds(since: record.recordedAt) > 80_000
        }.map { Owed($0.reminder) }
        owed.subtract(givenUp)
        #expect(owed.isEmpty, "seed \(seed): lost \(owed)")
        let deliveries = receiver.state.withLock(\.deliveries)
        for (_, same) in Dictionary(grouping: deliveries, by: \.owed) {
            #expect(Set(same.map(\.token)).count == 1, "seed \(seed)")
        }
        let ids = Dictionary(grouping: deliveries, by: \.token).values.reduce(0) { $0 + $1.count - 1 }
        #expect(ids <= deliveries.count - Set(deliveries.map(\.token)).count)
        #expect(repetitions >= 0, "seed \(seed): more repetitions than interrupted messages")
        let states = try fixture.store.reminderRecords().map(\.state)
        #expect(!states.contains(.pending) && !states.contains(.sending))
    }
}
