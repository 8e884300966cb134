public import LeaseModel
import LeaseStore

/// The requirements for a slot: a number of hosts, for a duration.
public struct SlotWish: Sendable, Hashable {
    /// The requirements on the hosts.
    public var properties: ResourceProperties
    /// The number of hosts.
    public var count: Int
    /// The duration, in seconds.
    public var durationSeconds: Int64
    /// The earliest start; `nil` for now.
    public var after: Timestamp?
    /// The latest end; `nil` for no limit.
    public var before: Timestamp?

    /// Makes the requirements.
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

/// The slots that a site has for given requirements.
public struct SlotAnswer: Sendable, Hashable {
    /// The slots, earliest first.
    public let slots: [FreeSlot]
    /// The number of hosts at the site that meet the requirements, free or not.
    public let fittingHosts: Int
    /// The names of the hosts, by id.
    public let hostNames: [String: String]
}

extension LeaseManager {
    /// Finds when hosts are free at a site, according to the mirror. Queued writes count as if they had been carried
    /// out.
    ///
    /// - Parameters:
    ///   - wish: the requirements.
    ///   - scope: the scope of the site.
    ///   - limit: the largest number of slots to find.
    /// - Returns: the slots.
    /// - Throws: ``LeaseholdError`` with the code `refused` if the site does not report the allocations of its hosts,
    ///   or `unreachable` if it has not been asked or could not answer.
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
        // To Blazar, "now" is the beginning of the current minute.
        let slots = search.slots(
            count: wish.count, durationSeconds: wish.durationSeconds,
            after: wish.after ?? configuration.now().truncatedToMinute, before: wish.before, limit: limit)
        let names = fitting.map { ($0.resource.id, $0.resource.name ?? $0.resource.id) }
        return SlotAnswer(
            slots: slots, fittingHosts: fitting.count, hostNames: Dictionary(names) { first, _ in first })
    }

    /// Marks the hosts that a queued creation may get as busy.
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

    /// The hosts of a site, if the site reports their allocations.
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
                    message: "\(scope.site) does not show you \(what), so no slot can be found.\(words)")
            case .notOffered:
                throw LeaseholdError(code: .refused, message: "\(scope.site) does not report \(what).")
            case .failed:
                throw LeaseholdError(
                    code: .unreachable,
                    message: "\(scope.site) failed to report \(what): \(answer?.message ?? "no reason given").")
            case nil:
                throw LeaseholdError(
                    code: .unreachable,
                    message: "\(scope.site) has not been asked for \(what) yet: run `leasehold sync` first.")
            }
        }
        return try resources(.host, scopes: [scope.id])
    }
}
