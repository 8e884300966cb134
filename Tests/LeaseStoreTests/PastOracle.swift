import CaptureFixtures
import LeaseModel
import LeaseStore
import MirrorFixtures

/// Leases with random lives, and people who look at them now and then.
struct PastWorld {
    /// The states of each lease, by the minute in which they begin; `nil` once it is deleted.
    private(set) var lives: [String: [(from: Int, lease: BlazarLease?)]] = [:]

    static let minutes = 60

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for number in 0..<Int.random(in: 1...5, using: &random) {
            let id = "l\(number)"
            var minute = Int.random(in: 0..<40, using: &random)
            var lease = StoreFixture.lease(
                id, from: minute + Int.random(in: 0...10, using: &random),
                to: minute + Int.random(in: 11...50, using: &random))
            lease.createdAt = StoreFixture.time(minute)
            var life: [(Int, BlazarLease?)] = [(minute, lease)]
            while minute < Self.minutes {
                minute += Int.random(in: 1...15, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: lease.endsAt = StoreFixture.time(minute + Int.random(in: 1...30, using: &random))
                case 1: lease.status = [.pending, .active, .terminated].randomElement(using: &random) ?? .active
                case 2: lease.name = "name-\(Int.random(in: 0..<3, using: &random))"
                case 3: lease.reservations[0].status = .active
                default:
                    life.append((minute, nil))
                    minute = Self.minutes
                    continue
                }
                lease.updatedAt = StoreFixture.time(minute)
                life.append((minute, lease))
            }
            lives[id] = life
        }
    }

    /// The complete list at a minute.
    func list(at minute: Int) -> [BlazarLease] {
        lives.sorted { $0.key < $1.key }.compactMap { $0.value.last { $0.from <= minute }?.lease }
    }
}

/// Keeps every observation that anybody made, and answers from all of them, however slowly.
struct PastOracle {
    /// What was known of a lease.
    struct Known: Hashable, CustomStringConvertible {
        let lease: BlazarLease
        var gone: Removal?

        var description: String {
            "\(lease.id) \(lease.name) \(lease.status) to \(lease.endsAt)"
                + (gone.map { " \($0.reason) \($0.after)..\($0.before)" } ?? "")
        }
    }

    private enum Evidence {
        case listed(BlazarLease)
        case notFound
    }

    /// The observations of one kind of credentials, by minute.
    private struct Observations {
        var listings: Set<Int> = []
        var evidence: [String: [(minute: Int, what: Evidence)]] = [:]
    }

    private var byScope: [Bool: Observations] = [:]

    /// Records a complete list, and the answers to the requests for missing leases.
    mutating func note(_ list: [BlazarLease], asked: [String], at minute: Int, isAdministrator: Bool) {
        byScope[isAdministrator, default: Observations()].listings.insert(minute)
        for lease in list { add(.listed(lease), lease.id, minute, isAdministrator) }
        for id in asked { add(.notFound, id, minute, isAdministrator) }
    }

    private mutating func add(_ what: Evidence, _ id: String, _ minute: Int, _ isAdministrator: Bool) {
        var evidence = byScope[isAdministrator, default: Observations()].evidence[id] ?? []
        evidence.append((minute, what))
        byScope[isAdministrator]?.evidence[id] = evidence.sorted { $0.minute < $1.minute }
    }

    /// What was known of a lease at a minute, from all credentials.
    private func known(_ id: String, at minute: Int) -> Known? {
        let all = observations(of: id)
        var lease: (BlazarLease, Int)?
        var gone: (after: Int, before: Int)?
        for item in all where item.minute <= minute {
            if let seen = item.lease {
                lease = (seen, item.minute)
                gone = nil
            } else if gone == nil, let lease {
                gone = (lease.1, item.minute)
            }
        }
        guard let lease else { return nil }
        func removal(_ reason: Removal.Reason, _ after: Int, _ before: Int) -> Removal {
            Removal(reason: reason, after: StoreFixture.time(after), before: StoreFixture.time(before))
        }
        if let gone { return Known(lease: lease.0, gone: removal(.deleted, gone.after, gone.before)) }
        // Never seen again, and nobody asked: the next list of a scope that had seen it lacked it.
        if let last = all.last, last.lease != nil {
            let lists = byScope.values.flatMap { seer in
                (seer.evidence[id]?.first).map { first in seer.listings.filter { $0 >= first.minute } } ?? []
            }
            if let next = lists.filter({ $0 > last.minute }).min(), next <= minute {
                return Known(lease: lease.0, gone: removal(.unlisted, last.minute, next))
            }
        }
        return Known(lease: lease.0)
    }

    /// The minutes at which knowledge may change, the minute before each, and one much later.
    var moments: [Int] {
        let listings = byScope.values.reduce(into: Set([0, 1_000])) { $0.formUnion($1.listings) }
        return listings.union(listings.map { $0 - 1 }).sorted()
    }

    /// What all of them together knew at a minute.
    func known(at minute: Int) -> Set<Known> { Set(ids.compactMap { known($0, at: minute) }) }

    /// Every observation of a lease, in order; `nil` means that it was gone.
    func observations(of id: String) -> [(minute: Int, lease: BlazarLease?)] {
        byScope.values.flatMap { $0.evidence[id] ?? [] }.map { item in
            if case .listed(let lease) = item.what { (item.minute, lease) } else { (item.minute, nil) }
        }.sorted { ($0.minute, $0.lease == nil ? 1 : 0) < ($1.minute, $1.lease == nil ? 1 : 0) }
    }

    /// The leases that anybody has seen.
    var ids: Set<String> { Set(byScope.values.flatMap(\.evidence.keys)) }

    /// The leases that these credentials have seen and that nobody knows to be gone.
    func listed(isAdministrator: Bool) -> Set<String> {
        Set((byScope[isAdministrator]?.evidence.keys).map(Array.init) ?? []).filter { id in
            known(id, at: .max / 2).map { $0.gone == nil } ?? false
        }
    }

    /// The observations of both.
    func union(_ other: PastOracle) -> PastOracle {
        var result = self
        for (scope, observations) in other.byScope {
            result.byScope[scope, default: Observations()].listings.formUnion(observations.listings)
            for (id, evidence) in observations.evidence {
                for item in evidence { result.add(item.what, id, item.minute, scope) }
            }
        }
        return result
    }
}

/// A person with a database.
struct PastMember {
    let fixture: StoreFixture
    let scope: Scope
    let isAdministrator: Bool
    var oracle = PastOracle()

    init(isAdministrator: Bool = false) throws {
        fixture = try StoreFixture()
        self.isAdministrator = isAdministrator
        scope = isAdministrator ? try fixture.store.scope(for: StoreFixture.identity(all: true)) : fixture.scope
    }

    mutating func sync(_ world: PastWorld, at minute: Int) throws {
        let list = world.list(at: minute)
        let missing = oracle.listed(isAdministrator: isAdministrator).subtracting(list.map(\.id))
        try fixture.pull(list, at: minute, scope: scope)
        oracle.note(list, asked: missing.sorted(), at: minute, isAdministrator: isAdministrator)
    }

    mutating func take(_ other: PastMember) throws -> [ImportReport] {
        oracle = oracle.union(other.oracle)
        return try take(other.fixture.store)
    }

    func take(_ store: LeaseStore, isTrial: Bool = false) throws -> [ImportReport] {
        try fixture.store.importHistory(
            [ImportSource(file: "other", content: .database(store, scopes: nil))], isTrial: isTrial,
            now: StoreFixture.time(1_000)
        ) { _ in }
    }

    /// What was known at a minute, according to the database.
    func known(at minute: Int) throws -> Set<PastOracle.Known> {
        var filter = LeaseFilter()
        filter.includesRemoved = true
        var found: [MirroredLease] = []
        try fixture.store.leases(filter, asKnownAt: StoreFixture.time(minute)) { found += $0 }
        return Set(found.map { PastOracle.Known(lease: $0.lease, gone: $0.removal) })
    }
}
