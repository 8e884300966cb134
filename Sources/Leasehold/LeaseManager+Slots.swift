public import LeaseModel
import LeaseStore

/// What somebody looks for: so many hosts, for so long.
public struct SlotWish: Sendable, Hashable {
    /// What the hosts must be.
    public var properties: ResourceProperties
    /// How many hosts.
    public var count: Int
    /// For how long, in seconds.
    public var durationSeconds: Int64
    /// Not to start before this moment; `nil` for now.
    public var after: Timestamp?
    /// To have ended by this moment; `nil` for any time.
    public var before: Timestamp?

    /// Makes a wish.
    public init(
        properties: ResourceProperties = ResourceProperties(), count: Int = 1, durationSeconds: Int64,
        after: Timestamp? = nil, before: Timestamp? = nil
    ) {
        self.properties = properties
        self.count = count
        self.durationSeconds = durationSeconds
        self.after = after
        self.before = before
    }
}

/// When a wish can be granted at a site.
public struct SlotAnswer: Sendable, Hashable {
    /// The slots, the earliest first.
    public let slots: [FreeSlot]
    /// How many hosts of the site are as wished, free or not.
    public let fittingHosts: Int
    /// The names of the hosts, by id.
    public let hostNames: [String: String]
}

extension LeaseManager {
    /// Finds when hosts are free at a site, as the mirror knows it. What is queued here counts as if it were done.
    ///
    /// - Parameters:
    ///   - wish: what is looked for.
    ///   - scope: where.
    ///   - limit: how many slots to find at most.
    /// - Returns: the slots.
    /// - Throws: ``LeaseholdError`` of code `refused` if the site does not tell who holds its hosts, `unreachable` if it
    ///   has not been asked or failed to answer.
    public func findSlots(_ wish: SlotWish, scope: Scope, limit: Int = 3) throws(LeaseholdError) -> SlotAnswer {
        let hosts = try allocatedHosts(scope)
        let fitting = hosts.filter { host in
            let fields = host.resource.fields
            return fields["reservable"]?.boolValue != false && fields["disabled"]?.boolValue != true
                && wish.properties.matches(fields) == true
        }
        let pending = try queue(scopes: [scope.id]).filter(\.state.isPending)
        var newEnds: [String: Timestamp] = [:]
        for mutation in pending where mutation.verb == .extend || mutation.verb == .update {
            guard let id = mutation.leaseID, let text = mutation.body["end_date"]?.stringValue else { continue }
            newEnds[id] = Timestamp(parsing: text)
        }
        var search = FreeSlotSearch(hosts: fitting.map(\.resource.id))
        for host in fitting {
            for allocation in host.allocations {
                let end = max(allocation.endsAt, newEnds[allocation.leaseID] ?? allocation.endsAt)
                search.note(host.resource.id, busyFrom: allocation.startsAt, to: end)
            }
        }
        for creation in pending where creation.verb == .create && creation.leaseID == nil {
            note(creation, fitting, in: &search)
        }
        // To Blazar, "now" is the minute that has begun.
        let slots = search.slots(
            count: wish.count, durationSeconds: wish.durationSeconds,
            after: wish.after ?? configuration.now().truncatedToMinute, before: wish.before, limit: limit)
        let names = fitting.map { ($0.resource.id, $0.resource.name ?? $0.resource.id) }
        return SlotAnswer(
            slots: slots, fittingHosts: fitting.count, hostNames: Dictionary(names) { first, _ in first })
    }

    /// Takes what a queued creation asks for from those hosts that it could get.
    private func note(_ creation: Mutation, _ hosts: [MirroredResource], in search: inout FreeSlotSearch) {
        guard let draft = try? LeaseDraft(body: creation.body) else { return }
        let start: Timestamp = if case .at(let time) = draft.start { time } else { configuration.now() }
        for fields in draft.reservations {
            guard fields["resource_type"]?.stringValue == ResourceType.host.rawValue else { continue }
            let text = fields["resource_properties"]?.stringValue ?? ""
            guard let wanted = try? ResourceProperties(parsing: text) else { continue }
            let possible = hosts.filter { wanted.matches($0.resource.fields) == true }.map(\.resource.id)
            let count = fields["max"]?.intValue ?? fields["min"]?.intValue ?? 1
            search.note(count, of: possible, busyFrom: start, to: draft.endsAt)
        }
    }

    /// The hosts of a site, where it tells who holds them.
    private func allocatedHosts(_ scope: Scope) throws(LeaseholdError) -> [MirroredResource] {
        let listing = try resourceListings(scopes: [scope.id]).first { $0.kind == .host }
        let allocations = try reading { store throws(StoreError) in
            try store.allocationListing(.host, scope: scope.id)
        }
        for (answer, what) in [(listing, "its hosts"), (allocations, "who holds its hosts, and when")] {
            switch answer?.outcome {
            case .listed: continue
            case .forbidden:
                let words = answer?.message.map { " It said: \($0)" } ?? ""
                throw LeaseholdError(
                    code: .refused,
                    message: "\(scope.site) does not tell you \(what), so no slot can be found.\(words)")
            case .notOffered:
                throw LeaseholdError(code: .refused, message: "\(scope.site) has no list of \(what).")
            case .failed:
                throw LeaseholdError(
                    code: .unreachable,
                    message: "\(scope.site) could not tell \(what): \(answer?.message ?? "no reason given").")
            case nil:
                throw LeaseholdError(
                    code: .unreachable,
                    message: "\(scope.site) has not been asked for \(what) yet: run `leasehold sync` first.")
            }
        }
        return try resources(.host, scopes: [scope.id])
    }
}
