import BlazarModel
import Foundation
import LeaseModel
import LeaseStore
import SyncEngine
import Synchronization

// What people do, on their computers and at the server.
extension Run {
    func writeQueue(_ client: Client) -> WriteQueue {
        WriteQueue(store: client.store, now: { client.now }, random: client.random)
    }

    func create(_ client: Client, _ plan: DraftPlan) async {
        // Before the first sync, the cloud must tell whose project this is.
        guard
            let scope = try? await flush(client, errand(client, client.store, nil, isQuiet: true)).scope(
                of: client.connection(errand(client, client.store, nil, isQuiet: true), isFresh: false))
        else { return }
        let draft = plan.draft(at: client.now)
        let limit = { (minutes: Int?) in minutes.map { client.now.adding(seconds: Int64($0) * 60) } }
        do {
            let queued = try writeQueue(client).create(
                draft, scope: scope,
                terms: .init(
                    lateStart: plan.lateStart, notAfter: limit(plan.notAfterMinutes),
                    retryUntil: limit(plan.retryUntilMinutes)))
            note(client, queued: queued, asked: [:], scope: scope)
        } catch {
            world.violate("a creation could not be queued: \(error)")
        }
    }

    func change(_ client: Client, _ verb: Mutation.Verb, target: Int, minutes: Int) {
        guard let scope = try? client.store.scope(ofCloud: client.cloud) else { return }
        do {
            var filter = LeaseFilter()
            filter.scopes = [scope.id]
            let leases = try client.store.leases(filter).filter { $0.lease.projectID == scope.projectID }
                .sorted { $0.id < $1.id }
            let creations = try client.store.queue(of: scope.queueAddress).filter {
                $0.verb == .create && $0.leaseID == nil
            }
            let targets = leases.map(WriteTarget.mirrored) + creations.map { .creation($0, pending: []) }
            guard !targets.isEmpty else { return }
            let chosen = targets[target % targets.count]
            let end: Timestamp
            switch chosen {
            case .mirrored(let known): end = known.lease.endsAt
            case .creation: end = client.now.adding(seconds: 7_200)
            }
            let fields: JSONObject
            switch verb {
            case .extend:
                fields = ["end_date": .string(end.adding(seconds: Int64(minutes) * 60).blazarRequest)]
            case .update where minutes.isMultiple(of: 3):
                fields = ["start_date": .string(client.now.adding(seconds: Int64(minutes) * 60).blazarRequest)]
            case .update: fields = ["name": .string("renamed-\(minutes)")]
            case .delete, .create: fields = [:]
            }
            try queue(client, verb, chosen, fields, scope)
        } catch {
            world.violate("a change could not be queued: \(error)")
        }
    }

    /// Changes several fields, or fields of several reservations, at once.
    func amend(_ client: Client, _ amendment: Amendment, target: Int) {
        guard let scope = try? client.store.scope(ofCloud: client.cloud) else { return }
        do {
            var filter = LeaseFilter()
            filter.scopes = [scope.id]
            let leases = try client.store.leases(filter).filter { $0.lease.projectID == scope.projectID }
                .sorted { $0.id < $1.id }
            guard !leases.isEmpty else { return }
            let known = leases[target % leases.count]
            let lease = known.lease
            var fields: JSONObject = [:]
            if let name = amendment.name { fields["name"] = .string(name) }
            if let minutes = amendment.endMinutes {
                fields["end_date"] = .string(lease.endsAt.adding(seconds: Int64(minutes) * 60).blazarRequest)
            }
            let parts = zip(lease.reservations.sorted { $0.id < $1.id }, amendment.counts).map { part, count in
                let isCounted = part.fields["amount"] != nil
                return JSONValue.object(
                    isCounted
                        ? ["id": .string(part.id), "amount": JSONValue(count)]
                        : ["id": .string(part.id), "min": JSONValue(count), "max": JSONValue(count)])
            }
            if !parts.isEmpty { fields["reservations"] = .array(parts) }
            guard !fields.isEmpty else { return }
            try queue(client, .update, .mirrored(known), fields, scope)
        } catch {
            world.violate("a change could not be queued: \(error)")
        }
    }

    private func queue(
        _ client: Client, _ verb: Mutation.Verb, _ target: WriteTarget, _ fields: JSONObject, _ scope: Scope
    ) throws {
        let standing = try writeQueue(client).change(verb, target, fields: fields, scope: scope, terms: .init())
        note(client, queued: standing, asked: verb == .delete ? [:] : fields, scope: scope)
        try breakMerging(client, standing, asked: fields)
    }

    /// Imports another computer's database into the history.
    func importHistory(_ client: Client, from other: Client) {
        let path = "\(options.folder)/import.sqlite"
        for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) }
        do throws(StoreError) {
            try other.store.backUp(to: path)
            let copy = try LeaseStore(path: path, access: .writing)
            defer { try? copy.close() }
            let source = ImportSource(file: path, content: .database(copy, scopes: nil))
            _ = try client.store.importHistory([source], isTrial: false, now: client.now) { _ in }
            world.note("  client \(client.number) imports from client \(other.number)")
        } catch  where error.kind == .invalid {
            // Observations that a wrong clock dated in the future are refused.
            world.note("  client \(client.number) may not import: \(error.message)")
        } catch {
            world.violate("an import failed: \(error.message)")
        }
    }

    func decide(_ client: Client, _ decision: Decision, target: Int) {
        guard let queue = try? client.store.mutations(scopes: nil, includesFinal: false), !queue.isEmpty else { return }
        let chosen = queue[target % queue.count]
        decide(client, decision, chosen)
    }

    func decide(_ client: Client, _ decision: Decision, _ chosen: Mutation) {
        let writeQueue = writeQueue(client)
        ledger.withLock { _ = $0.decided.insert(.init(client: client.number, mutation: chosen.id)) }
        do {
            switch decision {
            case .cancel: _ = try writeQueue.cancel(chosen.id)
            case .retry:
                _ = try writeQueue.retry(chosen.id)
                ledger.withLock { _ = $0.retried.insert(.init(client: client.number, mutation: chosen.id)) }
            case .edit:
                let end = client.now.adding(seconds: 10_800).truncatedToMinute
                _ = try writeQueue.edit(chosen.id, fields: ["end_date": .string(end.blazarRequest)], terms: .init())
            case .giveUp:
                _ = try writeQueue.cancel(chosen.id, givesUp: true)
                ledger.withLock { _ = $0.givenUp.insert(.init(client: client.number, mutation: chosen.id)) }
                try breakGivingUp(client, chosen)
            case .mine: _ = try writeQueue.resolve(chosen.id, .mine)
            case .theirs: _ = try writeQueue.resolve(chosen.id, .theirs)
            case .values:
                _ = try writeQueue.resolve(chosen.id, .values(["name": .string("decided-\(chosen.id)")]))
            case .identify:
                let identity = identity(client, chosen)
                _ = try writeQueue.resolve(chosen.id, identity)
                guard case .create = identity else { break }
                world.wantAgain(.init(client: client.number, mutation: chosen.id))
            }
            world.note("  client \(client.number) decided \(decision) on #\(chosen.id)")
        } catch is WriteQueue.Refusal {
            world.note("  client \(client.number) may not \(decision) #\(chosen.id)")
        } catch {
            world.violate("a decision failed: \(error)")
        }
    }

    /// The lease that a creation became, as its owner finds out: only what can or could be seen counts.
    private func identity(_ client: Client, _ mutation: Mutation) -> ConflictResolution {
        let group = world.group(of: World.DraftKey(client: client.number, mutation: mutation.id))
        let all = (try? client.store.mutations(scopes: nil, includesFinal: true)) ?? []
        let taken = Set(all.filter { $0.verb == .create && $0.id != mutation.id }.compactMap(\.leaseID))
        let made = world.creations.first {
            group.contains($0.draft) && !taken.contains($0.leaseID) && world.exists($0.leaseID)
        }
        return made.map { .adopt(leaseID: $0.leaseID) } ?? .create
    }

    // MARK: - Strangers

    /// Somebody creates by other means the lease that a client is about to request.
    func makeLookalike(_ client: Client, _ plan: DraftPlan) {
        let response = world.act(
            "POST", "/leases", .object(plan.draft(at: client.now).body), as: client.account, in: client.place.region)
        world.note("  somebody makes \(plan.name): \(response.status)")
    }

    private var ownLeases: [BlazarLease] { world.leases(as: "user1") }

    func reap(_ target: Int) {
        let leases = ownLeases
        guard !leases.isEmpty else { return }
        let lease = leases[target % leases.count]
        let response = world.act(
            "DELETE", "/leases/" + lease.id, as: "admin", in: world.region(of: lease.id) ?? .one)
        world.note("  somebody deletes \(lease.id): \(response.status)")
    }

    func strangerCreates(_ user: String, minutes: Int) {
        let start = world.now.adding(seconds: 3_600).truncatedToMinute
        world.act(
            "POST", "/leases",
            [
                "name": .string("stranger-\(minutes)"), "start_date": .string(start.blazarRequest),
                "end_date": .string(start.adding(seconds: 7_200).blazarRequest), "reservations": [], "events": [],
            ], as: user)
    }

    func strangerChanges(_ target: Int, minutes: Int) {
        let leases = ownLeases
        guard !leases.isEmpty else { return }
        let lease = leases[target % leases.count]
        let body: JSONValue =
            minutes.isMultiple(of: 2)
            ? ["name": .string("theirs-\(minutes)")]
            : ["end_date": .string(lease.endsAt.adding(seconds: Int64(abs(minutes)) * 60).blazarRequest)]
        world.act("PUT", "/leases/" + lease.id, body, as: "admin", in: world.region(of: lease.id) ?? .one)
    }
}
