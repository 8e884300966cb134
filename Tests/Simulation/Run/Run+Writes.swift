import LeaseModel
import LeaseStore
import SyncPlanner
import Synchronization

// Checks for every write: its destination, its base, and that no requested field is lost.
extension Run {
    // MARK: - Destination

    /// Records what was queued, and compares the command's report with the database.
    func note(_ client: Client, queued said: Mutation, asked fields: JSONObject, scope: Scope) {
        let key = World.DraftKey(client: client.number, mutation: said.id)
        ledger.withLock { ledger in
            if ledger.destinations[key] == nil {
                ledger.destinations[key] = Destination(region: Region(of: scope).name, projectID: scope.projectID)
            }
            // It can only be sent from there, which is not where the entry leads if the lease was imported.
            _ = ledger.places[client.number, default: []].insert(Place(of: scope, as: client.account))
            if said.state != .cancelled { ledger.asked[key, default: []].formUnion(Self.paths(fields)) }
        }
        let stored = try? client.store.mutation(id: said.id)
        if stored?.state != said.state || stored?.body != said.body {
            world.violate(
                "client \(client.number) reported #\(said.id) as \(said.state), but it is \(stored?.state.rawValue ?? "not there")"
            )
        }
    }

    /// No write reaches another site or project than it was queued for.
    func checkDestination(
        _ client: Client, _ store: LeaseStore, _ destination: Destination, mutation: Int64?, _ request: String
    ) {
        guard let mutation else { return }
        if ledger.withLock({ $0.givenUp.contains(.init(client: client.number, mutation: mutation)) }) {
            world.violate("\(client.number)#\(mutation) was given up, but is sent: \(request)")
        }
        if checkWaiting(client, store, mutation, destination) { return }
        guard let meant = ledger.withLock({ $0.destinations[.init(client: client.number, mutation: mutation)] }),
            meant != destination
        else { return }
        world.violate(
            """
            \(client.number)#\(mutation) was for \(meant.region), project \(meant.projectID), but \(request) went to \
            \(destination.region), project \(destination.projectID)
            """)
    }

    // MARK: - Base

    /// A change is sent only after the lease was read, and not if its base has changed.
    func checkLook(_ client: Client, _ mutation: Mutation, isAsSeen: Bool?, present: BlazarLease?) {
        let name = "\(client.number)#\(mutation.id)"
        guard let isAsSeen else { return world.violate("\(name) is sent without reading the lease first") }
        // What somebody does after the read cannot be known.
        guard isAsSeen, let present else { return }
        // A value requested by an earlier change of ours is our own, however late it was carried out. So is the one that
        // it was to replace, if it was refused.
        let own = ((try? client.store.mutations(scopes: nil, includesFinal: true)) ?? []).filter {
            $0.id < mutation.id && $0.concernsSameLease(as: mutation)
        }
        for (field, before) in mutation.base.members {
            guard let wanted = mutation.body[field],
                let now = ChangeDecision.values(of: present, for: [field: wanted])[field], now != before, now != wanted,
                !own.contains(where: { $0.body[field] == now || ($0.attempts > 0 && $0.base[field] == now) })
            else { continue }
            world.violate("\(name) overwrites \(field): it was \(before), is \(now), and becomes \(wanted)")
        }
    }

    // MARK: - Requested fields

    /// No requested field is lost, unless somebody decided so.
    func checkFields(_ client: Client, _ all: [Mutation]) {
        let (asked, decided) = ledger.withLock { ($0.asked, $0.decided) }
        for mutation in all {
            let key = World.DraftKey(client: client.number, mutation: mutation.id)
            guard let fields = asked[key], !decided.contains(key) else { continue }
            switch mutation.state {
            case .cancelled, .expired, .rejected: continue
            case .superseded:
                let later = all.filter { $0.id > mutation.id && $0.concernsSameLease(as: mutation) }
                if later.contains(where: { $0.verb == .delete }) { continue }
                guard let heir = later.first(where: { fields.isSubset(of: Self.paths($0.body)) }) else {
                    world.violate(
                        "\(client.number)#\(mutation.id) is superseded, but no write requests \(fields.sorted()) now"
                    )
                    continue
                }
                ledger.withLock {
                    $0.asked[key] = nil
                    $0.asked[.init(client: client.number, mutation: heir.id), default: []].formUnion(fields)
                }
            default:
                let missing = fields.subtracting(Self.paths(mutation.body))
                if !missing.isEmpty {
                    world.violate("\(client.number)#\(mutation.id) no longer requests \(missing.sorted())")
                }
            }
        }
    }

    /// The fields of a body, those of each reservation separately.
    private static func paths(_ body: JSONObject) -> Set<String> {
        var paths: Set<String> = []
        for (field, value) in body.members {
            let parts = value.arrayValue?.compactMap(\.objectValue) ?? []
            guard field == "reservations", parts.contains(where: { $0["id"] != nil }) else {
                paths.insert(field)
                continue
            }
            for part in parts {
                let id = part["id"]?.stringValue ?? ""
                for name in part.keys where name != "id" { paths.insert("reservations/\(id)/\(name)") }
            }
        }
        return paths
    }

    // MARK: - Sync reports

    /// A sync reports the state of writes as the database has it.
    func checkReport(_ client: Client, _ report: SyncReport) {
        guard !report.mutations.isEmpty else { return }
        let all = (try? client.store.mutations(scopes: nil, includesFinal: true)) ?? []
        let states = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0.state) })
        var told: [Int64: MutationState] = [:]
        for mutation in report.mutations { told[mutation.id] = mutation.state }
        for (id, state) in told.sorted(by: { $0.key < $1.key }) where states[id] != state {
            world.violate(
                "a sync reported \(client.number)#\(id) as \(state), but it is \(states[id]?.rawValue ?? "not there")")
        }
    }
}
