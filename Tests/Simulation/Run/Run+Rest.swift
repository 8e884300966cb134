import GRDB
import LeaseModel
import LeaseStore
import SyncEngine
import Synchronization

// After the last fault: clocks are right, people decide, and everything must come to rest.
extension Run {
    /// This many rounds of one sync each are enough to finish everything.
    private static var maxRounds: Int { 60 }

    func comeToRest() async {
        world.note("to rest at \(world.now)")
        for client in clients {
            client.setClock(secondsOff: 0)
            stopKeeping(client)
        }
        checkAfterStep()
        var round = 0
        while round < Self.maxRounds {
            round += 1
            let wait = clients.prefix(2).compactMap(wakeTime).min().map { $0.seconds(since: world.now) } ?? 0
            world.pass(seconds: max(400, min(wait + 1, 200_000)))
            for client in clients where !open(client).isEmpty || world.hasStragglers {
                for place in places(client) {
                    client.lead(to: place)
                    // A person who was told that much is missing has looked, and confirms it.
                    let report = await sync(client, isQuiet: true)
                    if report.failure == .suspect { await sync(client, confirmsDeletes: true, isQuiet: true) }
                }
                settleByHand(client)
            }
            checkAfterStep()
            if world.violation != nil { return }
            if clients.allSatisfy({ open($0).isEmpty }), !world.hasStragglers { break }
        }
        for client in clients {
            for mutation in open(client) {
                world.violate(
                    """
                    \(client.number)#\(mutation.id) (\(mutation.verb)) is still \(mutation.state) \
                    \(mutation.reason ?? "") after \(round) rounds: \(mutation.message ?? "")
                    """)
            }
        }
        guard world.violation == nil else { return }
        for client in clients {
            for place in places(client) {
                client.lead(to: place)
                await checkQuiet(client)
            }
        }
        checkCreations()
    }

    /// Every place that a client's entries have led to, its own last.
    private func places(_ client: Client) -> [Place] {
        let all = ledger.withLock { $0.places[client.number] ?? [] }.subtracting([client.home])
        return all.sorted { ($0.region.rawValue, $0.account) < ($1.region.rawValue, $1.account) } + [client.home]
    }

    /// The unfinished writes of a client, as the last check saw them. Nobody else changes its database.
    private func open(_ client: Client) -> [Mutation] {
        ledger.withLock { $0.mutations }.filter { $0.key.client == client.number && !$0.value.state.isFinal }.values
            .sorted { $0.id < $1.id }
    }

    private func wakeTime(_ client: Client) -> Timestamp? {
        open(client).filter { $0.state == .queued }.map(\.nextAttemptAt).max()
    }

    /// Finishes what only a person can finish.
    private func settleByHand(_ client: Client) {
        let all = (try? client.store.mutations(scopes: nil, includesFinal: false)) ?? []
        for mutation in all {
            switch (mutation.state, mutation.reason) {
            case (.blocked, "conflict"): decide(client, mutation.id.isMultiple(of: 2) ? .mine : .theirs, mutation)
            case (.blocked, "ambiguous"): decide(client, .identify, mutation)
            case (.blocked, _), (.parked, _), (.waiting, _): decide(client, .cancel, mutation)
            case (.rejected, _)
            where mutation.verb == .create
                && all.contains {
                    $0.id != mutation.id && $0.concernsSameLease(as: mutation) && $0.state == .queued
                }:
                decide(client, .cancel, mutation)
            default: break
            }
        }
    }

    /// A lease as a list shows it: without what its draft said of networks, which no list reports.
    private static func listedText(_ lease: BlazarLease) -> String {
        var lease = lease
        for index in lease.reservations.indices where lease.reservations[index].resourceType == .network {
            lease.reservations[index].fields = [:]
        }
        return JSONValue.object(lease.json().sorted).text()
    }

    /// The mirror equals the server's list, and another sync by one of the clients writes nothing.
    private func checkQuiet(_ client: Client) async {
        // What was read just now need not be read again first.
        let fresh = ledger.withLock { $0.fresh[client.number]?[client.place] }
        if fresh != world.moment { await sync(client, confirmsDeletes: true, isQuiet: true) }
        do {
            guard let scope = try client.store.scope(ofCloud: client.cloud) else { return }
            var filter = LeaseFilter()
            filter.scopes = [scope.id]
            let mirrored = try client.store.leases(filter).map(\.lease).sorted { $0.id < $1.id }
            let listed = world.leases(as: client.account, in: client.place.region).sorted { $0.id < $1.id }
            if mirrored.map(Self.listedText) != listed.map(Self.listedText) {
                world.violate("the mirror of client \(client.number) is not the server's list")
                world.note("mirror: \(mirrored.map { "\($0.id) \($0.name) \($0.status)" })")
                world.note("server: \(listed.map { "\($0.id) \($0.name) \($0.status)" })")
            }
            if client.number == Int(scenario.seed % UInt64(clients.count)) {
                let before = try contents(client)
                await sync(client, isQuiet: true)
                if try contents(client) != before { world.violate("a second sync of client \(client.number) writes") }
            }
            for problem in try client.store.check() { world.violate("client \(client.number): \(problem)") }
        } catch {
            world.violate("the database of client \(client.number) cannot be read: \(error)")
        }
    }

    private func contents(_ client: Client) throws -> [[DatabaseValue]] {
        try client.store.read { database in
            try ["lease", "reservation", "event", "lease_history", "mutation", "attempt", "waiting"].flatMap { table in
                try Row.fetchAll(database.cachedStatement(sql: "SELECT * FROM \(table)")).map {
                    Array($0.databaseValues)
                }
            }
        }
    }

    /// Whether a request for one of these drafts arrived twice.
    private func hasCopies(_ group: Set<World.DraftKey>) -> Bool {
        let exchanges = world.creations.filter { group.contains($0.draft) }.map(\.exchange)
        return Set(exchanges).count < exchanges.count
    }

    /// Every lease made for a draft is the one that the draft became, unless it was gone before a list could show it.
    private func checkCreations() {
        let (ledger, givenUp) = ledger.withLock { ($0.mutations, $0.givenUp) }
        let abandoned = givenUp.union(world.wantedAgain)
        for made in world.creations {
            guard let mutation = ledger[made.draft] else { continue }
            let group = world.group(of: made.draft)
            // A lease that nobody claims any more may pass for that of a similar draft.
            guard abandoned.isDisjoint(with: group) else { continue }
            let taken = Set(group.compactMap { ledger[$0]?.leaseID })
            // Of duplicated requests one lease is claimed; another may then pass for the lease of a similar draft.
            let copies = world.creations.filter { $0.exchange == made.exchange && $0.draft == made.draft }
            let hasCopy = copies.contains { taken.contains($0.leaseID) }
            guard !hasCopy, group.count == 1 || !hasCopies(group), world.isFindable(made) else { continue }
            world.violate(
                """
                draft \(made.draft.client)#\(made.draft.mutation) is \(mutation.state) \(mutation.leaseID ?? "") though \
                \(made.leaseID) was made for it
                """)
        }
    }
}
