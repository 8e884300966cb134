import GRDB
import LeaseModel
import LeaseStore
import SyncEngine
import Synchronization

// Leases that are kept, and what must hold of them.
extension Run {
    /// The site allows an extension by three hours in the last two hours of a lease.
    private static let rules = LeaseRules(maxDurationSeconds: 10_800, extensionWindowSeconds: 7_200)

    /// What keeps leases at a sync.
    func keeper(_ store: LeaseStore) -> Keeper? {
        guard options.mutant != .keeperSleeps else { return nil }
        return Keeper(store: store) { lease, end, now in
            ExtensionCheck(lease: lease.lease, rules: Self.rules, rooms: [], held: [], now: now).verdict(end)
        }
    }

    /// Somebody keeps a lease, or no longer.
    func keep(_ client: Client, target: Int, hours: Int?) {
        do {
            guard let scope = try client.store.scope(ofCloud: client.cloud) else { return }
            guard let hours else { return stopKeeping(client) }
            var filter = LeaseFilter()
            filter.scopes = [scope.id]
            let leases = try client.store.leases(filter).filter {
                $0.lease.projectID == scope.projectID && $0.removal == nil && $0.lease.endsAt > client.now
            }.sorted { $0.id < $1.id }
            guard !leases.isEmpty else { return }
            let lease = leases[target % leases.count]
            let until = lease.lease.endsAt.adding(seconds: Int64(hours) * 3_600).truncatedToMinute
            _ = try client.store.keep(
                KeepRule(
                    id: 0, address: scope.queueAddress, scopeID: scope.id, site: scope.site, leaseID: lease.id,
                    localID: nil, leaseName: lease.lease.name, until: until, minStepSeconds: 60, createdAt: client.now))
            ledger.withLock { ledger in
                let before = ledger.kept[client.number]?[lease.id] ?? until
                ledger.kept[client.number, default: [:]][lease.id] = max(before, until)
            }
            guard options.mutant == .keepsTooLong else { return }
            try client.store.write { try $0.execute(sql: "UPDATE keep_rule SET until_at = until_at + 86400") }
        } catch {
            world.violate("client \(client.number) cannot keep a lease: \(error)")
        }
    }

    func stopKeeping(_ client: Client) {
        do {
            for rule in try client.store.keepRules(scopes: nil, endedAfter: client.now) {
                _ = try client.store.stopKeeping(rule.id, at: client.now)
            }
        } catch {
            world.violate("client \(client.number) cannot stop keeping a lease: \(error)")
        }
    }

    /// No lease is extended beyond the moment until which it was to be kept.
    func checkKept(_ client: Client, _ all: [Mutation]) {
        let (kept, asked, decided) = ledger.withLock {
            ($0.kept[client.number] ?? [:], $0.destinations, $0.decided)
        }
        for write in all where write.verb == .extend {
            // What people ask for, or change, is theirs.
            let key = World.DraftKey(client: client.number, mutation: write.id)
            guard asked[key] == nil, !decided.contains(key), let lease = write.leaseID,
                let end = write.body["end_date"]?.stringValue.flatMap(Timestamp.init(parsing:))
            else { continue }
            guard let until = kept[lease] else {
                world.violate("\(client.number)#\(write.id) extends \(lease), which is not kept")
                continue
            }
            if end > until {
                world.violate("\(client.number)#\(write.id) extends \(lease) to \(end), kept until \(until)")
            }
        }
    }

    /// A kept lease that a sync must extend now.
    struct DueExtension: Sendable {
        let rule: KeepRule
        let end: Timestamp
    }

    /// The kept leases whose window is open, and that nothing keeps from being extended.
    func dueExtensions(_ client: Client) -> [DueExtension] {
        let now = world.now
        guard client.now == now, !world.hasMisled, let scope = try? client.store.scope(ofCloud: client.cloud),
            let rules = try? client.store.keepRules(of: scope.queueAddress), !rules.isEmpty,
            let queue = try? client.store.queue(of: scope.queueAddress)
        else { return [] }
        let present = world.leases(as: client.account, in: client.place.region)
        return rules.compactMap { rule in
            guard rule.failures == 0, !queue.contains(where: { !$0.state.isFinal && $0.leaseID == rule.leaseID }),
                let lease = present.first(where: { $0.id == rule.leaseID }), lease.status == .active,
                lease.startsAt <= now, lease.endsAt > now.adding(seconds: 600), lease.endsAt < rule.until,
                now.adding(seconds: -60) > lease.endsAt.adding(seconds: -7_200)
            else { return nil }
            return DueExtension(rule: rule, end: lease.endsAt)
        }
    }

    /// After a sync that met no fault, the leases that were due are longer, or it is known why they are not.
    func checkExtended(_ client: Client, _ due: [DueExtension]) {
        guard !due.isEmpty, let scope = try? client.store.scope(ofCloud: client.cloud),
            due.allSatisfy({ $0.rule.address == scope.queueAddress }),
            let rules = try? client.store.keepRules(scopes: nil, endedAfter: Timestamp(secondsSince1970: 0))
        else { return }
        let present = world.leases(as: client.account, in: client.place.region)
        for due in due {
            guard let rule = rules.first(where: { $0.id == due.rule.id }), rule.ending == nil, rule.message == nil,
                rule.mutationID == nil, present.first(where: { $0.id == rule.leaseID })?.endsAt == due.end
            else { continue }
            world.violate("client \(client.number) let go of \(rule.leaseID ?? "a lease"), which was to be kept")
        }
    }
}
