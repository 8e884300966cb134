import GRDB
import LeaseModel
import LeaseStore
import SyncEngine
import SyncPlanner
import Synchronization

// Creations that wait for room, and what must hold of them.
extension Run {
    /// What is remembered of a creation that waits.
    struct Waiting: Sendable {
        /// Where it may go.
        var destinations: Set<Destination> = []
        /// The latest start that was asked for.
        var latest: Timestamp?
    }

    /// What lets waiting creations go out at a sync. What the mirror shows of the hosts changes by chance, and is often
    /// wrong; a lease without reservations always has room.
    func waiter(_ client: Client, _ store: LeaseStore) -> Waiter? {
        guard options.mutant != .waiterSleeps else { return nil }
        return Waiter(store: store, readsHolders: false, random: client.random) { [world] creation, choice, period, _ in
            guard !choice.reservations.isEmpty else { return .from(period.from) }
            let places = UInt64(creation.id) &* 7 &+ UInt64(choice.address.siteID) &* 13
            var chance = Chance(seed: UInt64(world.now.secondsSince1970 / 600) &+ places)
            return chance.weighted([
                (2, .none), (3, .unknown), (3, .from(period.from)), (1, .from(period.from.adding(seconds: 1_800))),
            ])
        }
    }

    /// Somebody requests a lease that may wait.
    func wait(_ client: Client, _ plan: WaitPlan) {
        do {
            let scopes = try client.store.scopes()
            guard let scope = try client.store.scope(ofCloud: client.cloud) else { return }
            var choices = [choice(scope, plan.kind)]
            if plan.takesLess { choices.append(choice(scope, .nothing)) }
            let other = scopes.first {
                $0.projectID == scope.projectID && $0.siteID != scope.siteID
                    && $0.seesAllProjects == scope.seesAllProjects
            }
            if plan.takesOtherRegion, let other { choices.append(choice(other, plan.kind)) }
            var terms = WriteTerms()
            terms.notAfter = plan.latestMinutes.map {
                client.now.adding(seconds: Int64($0) * 60).truncatedToMinute
            }
            terms.waiting = WaitingTerms(
                earliest: nil, aheadSeconds: plan.aheadMinutes.map { Int64($0) * 60 }, choices: choices)
            let draft = LeaseDraft(
                name: plan.name, start: .now, endsAt: client.now.adding(seconds: 3_600),
                reservations: plan.kind.body)
            let queued = try writeQueue(client).create(draft, scope: scope, terms: terms)
            note(client, queued: queued, asked: [:], scope: scope)
            let key = World.DraftKey(client: client.number, mutation: queued.id)
            let regions = [scope, other].compactMap { $0 }.filter { place in
                choices.contains { $0.scopeID == place.id }
            }
            ledger.withLock {
                $0.waiting[key] = Waiting(
                    destinations: Set(
                        regions.map { Destination(region: Region(of: $0).name, projectID: $0.projectID) }),
                    latest: terms.notAfter)
                for place in regions {
                    _ = $0.places[client.number, default: []].insert(Place(of: place, as: client.account))
                }
            }
            guard options.mutant == .waitsTooLong else { return }
            try client.store.write {
                try $0.execute(
                    sql: "UPDATE mutation SET not_after = not_after + 7200 WHERE mutation_id = ?",
                    arguments: [queued.id])
            }
        } catch {
            world.violate("a creation that waits could not be queued: \(error)")
        }
    }

    private func choice(_ scope: Scope, _ kind: ReservationKind) -> WaitingTerms.Choice {
        WaitingTerms.Choice(address: scope.queueAddress, scopeID: scope.id, reservations: kind.body)
    }

    /// A creation that waits goes to one of its sites, to the one that it is bound to, and not after its latest start.
    ///
    /// - Returns: `false` for other writes.
    func checkWaiting(_ client: Client, _ store: LeaseStore, _ mutation: Int64, _ destination: Destination) -> Bool {
        // What depends on such a creation goes where it goes.
        guard let present = try? store.mutation(id: mutation), let localID = present.localID,
            let creation = try? store.creation(localID: localID)
        else { return false }
        let key = World.DraftKey(client: client.number, mutation: creation.id)
        guard let waiting = ledger.withLock({ $0.waiting[key] }) else { return false }
        let name = "\(client.number)#\(mutation)"
        let bound = (try? store.scopes())?.first { $0.queueAddress == present.address }
        let meant = bound.map { Destination(region: Region(of: $0).name, projectID: $0.projectID) }
        if !waiting.destinations.contains(destination) || meant != destination {
            world.violate(
                """
                \(name) waits for room at \(meant?.region ?? "no site"), but went to \(destination.region), project \
                \(destination.projectID)
                """)
        }
        // A person may have changed its limit or its dates.
        guard present.verb == .create, let latest = waiting.latest, !world.hasMisled,
            !ledger.withLock({ $0.decided.contains(key) })
        else { return true }
        if world.now > latest.adding(seconds: 120) {
            world.violate("\(name) is sent after its latest start, \(latest)")
        }
        return true
    }

    /// The creations that a sync of one of these places must let go now: nothing is in their way, and a lease without
    /// reservations always has room.
    func dueCreations(_ client: Client) -> [(creation: Mutation, places: Set<QueueAddress>)] {
        guard client.now == world.now, !world.hasMisled,
            let creations = try? client.store.mutations(scopes: nil, includesFinal: false)
        else { return [] }
        return creations.compactMap { creation in
            guard creation.state == .waiting, let terms = creation.waiting,
                let draft = try? LeaseDraft(body: creation.body), case .at(let start) = draft.start,
                draft.endsAt > start, creation.notAfter.map({ $0 > world.now.adding(seconds: 120) }) ?? true
            else { return nil }
            let places = terms.choices.enumerated().filter { index, choice in
                let reservations = index == terms.current ? draft.reservations : choice.reservations
                return reservations.isEmpty && choice.refusals == 0
            }
            return places.isEmpty ? nil : (creation, Set(places.map(\.element.address)))
        }
    }

    /// After a sync that met no fault, none of those that had room at its place still waits. What the name of the cloud
    /// leads to is known only now.
    func checkLetGo(_ client: Client, _ due: [(creation: Mutation, places: Set<QueueAddress>)]) {
        guard !due.isEmpty, let scope = try? client.store.scope(ofCloud: client.cloud) else { return }
        for (creation, places) in due where places.contains(scope.queueAddress) {
            guard let present = try? client.store.mutation(id: creation.id), present.state == .waiting,
                present.waiting?.choices.contains(where: { $0.address == scope.queueAddress }) == true,
                present.waiting?.choices.map(\.refusals) == creation.waiting?.choices.map(\.refusals)
            else { continue }
            world.violate("client \(client.number) let \(creation.id) wait, though there is room")
        }
    }

    /// Moves a creation that may exist to its other site, as if nothing had been sent.
    func breakBinding(_ client: Client) throws {
        guard options.mutant == .asksEverywhere else { return }
        for creation in try client.store.mutations(scopes: nil, includesFinal: false)
        where creation.state == .unknown && creation.waiting != nil {
            try client.store.write {
                try $0.execute(
                    sql: """
                        UPDATE mutation SET state = 'blocked', reason = 'room', doubt_run = NULL WHERE mutation_id = ?
                        """, arguments: [creation.id])
            }
        }
    }
}
