import GRDB
import LeaseModel
import LeaseStore
import Synchronization

// Checks after every step.
extension Run {
    func checkAfterStep() {
        // A client's database changes only through the client's own steps.
        let touched = ledger.withLock { ledger in
            defer { ledger.touched = [] }
            return ledger.touched
        }
        for client in clients where touched.contains(client.number) {
            do {
                let last = ledger.withLock { $0.attempts[client.number] ?? 0 }
                let contents = try Contents(client.store, after: last, limit: world.now.adding(seconds: 2))
                checkNoneDisappears(client, contents.mutations)
                checkFields(client, contents.mutations)
                checkOrder(client, contents)
                checkKept(client, contents.mutations)
                checkAdoptions(client, contents.mutations)
                checkTombstones(client, contents.gone)
                checkDates(client, contents.early)
            } catch {
                world.violate("the database of client \(client.number) cannot be read: \(error)")
            }
        }
    }

    /// No write disappears, and no finished write comes back by itself.
    private func checkNoneDisappears(_ client: Client, _ all: [Mutation]) {
        let present = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })
        ledger.withLock { ledger in
            for (key, before) in ledger.mutations.sorted(by: { $0.key.mutation < $1.key.mutation })
            where key.client == client.number {
                guard let now = present[key.mutation] else {
                    world.violate("mutation \(key.client)#\(key.mutation) has disappeared")
                    continue
                }
                let isDone = [.settled, .cancelled, .superseded].contains(before.state)
                if isDone, now.state != before.state {
                    world.violate("mutation \(key.client)#\(key.mutation) was \(before.state) and is \(now.state)")
                }
                if before.state == .accepted, ![.accepted, .settled].contains(now.state) {
                    world.violate("mutation \(key.client)#\(key.mutation) was accepted and is \(now.state)")
                }
                if before.state == .blocked, before.reason == "conflict", !ledger.decided.contains(key),
                    ![.blocked, .superseded, .cancelled].contains(now.state)
                {
                    world.violate("nobody decided about the conflict of \(key.client)#\(key.mutation): \(now.state)")
                }
            }
            for mutation in all {
                ledger.mutations[.init(client: client.number, mutation: mutation.id)] = mutation
            }
        }
    }

    /// No request is sent for a write while an earlier one to the same lease still waits.
    private func checkOrder(_ client: Client, _ contents: Contents) {
        for id in contents.attempts.map(\.mutation) {
            guard let sent = contents.mutations.first(where: { $0.id == id }) else { continue }
            let retried = ledger.withLock { $0.retried }
            let held = contents.mutations.first {
                $0.id < id && $0.concernsSameLease(as: sent) && $0.state.holdsUpLater
                    && !retried.contains(.init(client: client.number, mutation: $0.id))
            }
            if let held {
                world.violate("\(client.number)#\(id) was sent before \(client.number)#\(held.id) (\(held.state))")
            }
        }
        if let newest = contents.attempts.last { ledger.withLock { $0.attempts[client.number] = newest.id } }
    }

    /// A finished creation became a lease that one of its own requests made, or that of an indistinguishable draft; and
    /// no lease belongs to two creations.
    private func checkAdoptions(_ client: Client, _ all: [Mutation]) {
        let creations = world.creations
        var taken: [String: Int64] = [:]
        for mutation in all where mutation.verb == .create {
            guard [.accepted, .settled].contains(mutation.state) else { continue }
            // A creation whose process died before the request left may count as sent.
            let twins = all.filter {
                $0.verb == .create && $0.attempts > 0 && $0.body["name"] == mutation.body["name"]
            }
            let group =
                world.keepsEvents
                ? world.group(of: .init(client: client.number, mutation: mutation.id))
                : twins.reduce(into: []) {
                    $0.formUnion(world.group(of: .init(client: client.number, mutation: $1.id)))
                }
            guard let lease = mutation.leaseID,
                creations.contains(where: { group.contains($0.draft) && $0.leaseID == lease })
            else {
                world.violate(
                    "creation \(client.number)#\(mutation.id) took \(mutation.leaseID ?? "nothing"), which is not its")
                continue
            }
            if let other = taken.updateValue(mutation.id, forKey: lease) {
                world.violate("creations \(client.number)#\(other) and #\(mutation.id) both took \(lease)")
            }
        }
    }

    /// A list is not doubted for lacking leases that its reader has deleted.
    func checkSuspicion(_ client: Client, _ report: SyncReport) {
        guard report.failure == .suspect, report.message?.contains("known") == true,
            let scope = try? client.store.scope(ofCloud: client.cloud),
            let queue = try? client.store.mutations(scopes: [scope.id], includesFinal: true)
        else { return }
        var filter = LeaseFilter()
        filter.scopes = [scope.id]
        let present = Set(world.leases(as: client.account, in: client.place.region).map(\.id))
        let missing = ((try? client.store.leases(filter)) ?? []).map(\.id).filter { !present.contains($0) }
        let isOwn = missing.allSatisfy { id in
            queue.contains {
                $0.verb == .delete && $0.leaseID == id
                    && ($0.state == .settled || $0.state != .rejected && $0.attempts > 0)
            }
        }
        if isOwn, !missing.isEmpty {
            world.violate("client \(client.number) doubts a list that lacks only leases that it deleted: \(missing)")
        }
    }

    /// No observation lies in the future, whatever the clocks show, unless a login returned a wrong time.
    private func checkDates(_ client: Client, _ early: [String]) {
        guard !world.hasMisled else { return }
        for observation in early { world.violate("client \(client.number) saw a \(observation) in the future") }
    }

    /// A lease recorded as deleted is gone at the server.
    private func checkTombstones(_ client: Client, _ gone: [String]) {
        for id in gone where world.exists(id) {
            world.violate("client \(client.number) records \(id) as deleted, but the server has it")
        }
    }
}

/// What the checks read from a client's database after a step, all from one state of it.
private struct Contents {
    struct Attempt {
        let id: Int64
        let mutation: Int64
    }

    /// Every write.
    var mutations: [Mutation] = []
    /// The new attempts, in order.
    var attempts: [Attempt] = []
    /// The leases recorded as deleted.
    var gone: [String] = []
    /// The observations that are dated after the limit.
    var early: [String] = []

    /// - Parameters:
    ///   - store: the database.
    ///   - last: the last attempt that has been checked.
    ///   - limit: the latest moment at which anything can have been seen.
    /// - Throws: the database's error.
    init(_ store: LeaseStore, after last: Int64, limit: Timestamp) throws {
        // On the connection that wrote it all, where it is still in the cache.
        (mutations, attempts, gone, early) = try store.write { database in
            let mutations = try LeaseStore.mutations(database, scopes: nil, includesFinal: true)
            let attempts = try Row.fetchAll(
                database.cachedStatement(
                    sql: "SELECT attempt_id, mutation_id FROM attempt WHERE attempt_id > ? ORDER BY attempt_id"),
                arguments: [last])
            let gone = try String.fetchAll(
                database.cachedStatement(sql: "SELECT id FROM lease WHERE gone = 'deleted' ORDER BY id"))
            let early = try String.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT 'lease ' || id || ' at ' || observed_at FROM lease
                        WHERE max(observed_at, first_seen_at) > ?1
                        UNION ALL SELECT 'list ' || scope_id || ' at ' || listed_at FROM scope WHERE listed_at > ?1
                        """), arguments: [limit.secondsSince1970])
            return (mutations, attempts.map { Attempt(id: $0[0], mutation: $0[1]) }, gone, early)
        }
    }
}
