import CaptureFixtures
import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@Suite("The past, compared with an oracle that keeps every observation")
struct PastPropertyTests {
    private func looks(_ random: inout SeededRandom) -> [Int] {
        let count = Int.random(in: 0...8, using: &random)
        return Set((0..<count).map { _ in Int.random(in: 0..<PastWorld.minutes, using: &random) }).sorted()
    }

    private func expectAgreement(_ member: PastMember, _ what: String) throws {
        for minute in member.oracle.moments {
            let known = try member.known(at: minute)
            let expected = member.oracle.known(at: minute)
            guard known != expected else { continue }
            Issue.record("\(what), minute \(minute): \(known), not \(expected)")
            return
        }
        #expect(try member.fixture.store.check().isEmpty, "\(what)")
    }

    @Test("A database knows at each minute what it had seen by then", arguments: 0..<16 as Range<UInt64>)
    func alone(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let world = PastWorld(seed: seed)
        var member = try PastMember(isAdministrator: seed % 3 == 0)
        defer { member.fixture.remove() }
        for minute in looks(&random) { try member.sync(world, at: minute) }
        try expectAgreement(member, "alone")
    }

    @Test(
        "Two members' databases agree on every question, in whatever order they are imported",
        arguments: 0..<12 as Range<UInt64>)
    func merged(seed: UInt64) throws {
        var random = SeededRandom(seed: seed &+ 1_000)
        let world = PastWorld(seed: seed)
        var first = try PastMember()
        var second = try PastMember(isAdministrator: seed % 4 == 0)
        var third = try PastMember()
        var fourth = try PastMember()
        let all = { [first, second, third, fourth] }()
        defer { for member in all { member.fixture.remove() } }
        for minute in looks(&random) { try first.sync(world, at: minute) }
        for minute in looks(&random) { try second.sync(world, at: minute) }
        _ = try third.take(first)
        _ = try third.take(second)
        _ = try fourth.take(second)
        _ = try fourth.take(first)
        let (before, oracle) = (first.oracle, second.oracle)
        _ = try first.take(second.fixture.store)
        first.oracle = before.union(oracle)
        try expectAgreement(third, "the first, then the second")
        try expectAgreement(fourth, "the second, then the first")
        try expectAgreement(first, "the second into the first")
        // The first database has both histories by now, so the second also imports its own.
        _ = try second.take(first.fixture.store)
        second.oracle = first.oracle
        try expectAgreement(second, "both into the second")

        let rows = try first.fixture.dump()
        let reports = try first.take(third.fixture.store)
        #expect(reports.allSatisfy { $0.new == 0 && $0.changed == 0 })
        #expect(try first.fixture.dump() == rows, "repeating the import changes something")

        // A sync after the import finds what has been removed meanwhile.
        let later = PastWorld.minutes + 10
        try first.sync(world, at: later)
        try expectAgreement(first, "a sync after the import")
        var filter = LeaseFilter()
        filter.scopes = [first.scope.id]
        #expect(
            try first.fixture.store.leases(filter).allSatisfy { $0.lastSeenAt == StoreFixture.time(later) })
    }

    @Test("Held leases follow from the last state, and may have been held until their removal")
    func held() throws {
        for seed in 0..<6 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let world = PastWorld(seed: seed)
            var member = try PastMember()
            defer { member.fixture.remove() }
            for minute in looks(&random) { try member.sync(world, at: minute) }
            for known in [20, 45, 70] {
                for moment in stride(from: 0, to: 90, by: 7) {
                    var filter = LeaseFilter()
                    filter.heldAt = StoreFixture.time(moment)
                    var found: Set<String> = []
                    try member.fixture.store.leases(filter, asKnownAt: StoreFixture.time(known)) {
                        found.formUnion($0.map(\.id))
                    }
                    let time = StoreFixture.time(moment)
                    let expected = member.oracle.known(at: known).filter { item in
                        item.lease.startsAt <= time && time < item.lease.endsAt
                            && (item.gone.map { time < $0.before } ?? true)
                    }
                    #expect(found == Set(expected.map(\.lease.id)), "seed \(seed), \(moment) as known at \(known)")
                }
            }
        }
    }
}
