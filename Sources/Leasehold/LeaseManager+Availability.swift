public import LeaseModel
import LeaseStore
import SyncEngine

/// What to look for at a site: resources of a kind that match.
public struct ResourceWish: Sendable, Hashable {
    /// The type of reservation: hosts, devices, floating IPs or a flavor's instances.
    public var resourceType: ResourceType
    /// The requirements on the resources; for instances, on their hosts.
    public var properties: ResourceProperties
    /// The id or name of the network of floating IPs; `nil` for any.
    public var network: String?
    /// The id or name of the flavor of instances.
    public var flavor: String?

    /// Makes the requirements.
    public init(
        _ resourceType: ResourceType = .host, properties: ResourceProperties = ResourceProperties(),
        network: String? = nil, flavor: String? = nil
    ) {
        self.resourceType = resourceType
        self.properties = properties
        self.network = network
        self.flavor = flavor
    }
}

/// The resources of a site that match, and when each is free, according to the mirror. Queued writes count as if they
/// had been carried out.
public struct SiteAvailability: Sendable {
    /// The scope that the answer comes from.
    public let scope: Scope
    /// The resources that match, free or not, in the order of their names; empty if the site only counts them.
    public var resources: [CatalogResource] { held.map(\.resource) }
    /// When the site's allocations, or its counts, were read.
    public let listedAt: Timestamp?
    /// Whether more may be free than the calendar shows.
    public let isLowerBound: Bool
    /// From when on more may be held than the calendar shows, because it was not read; `nil` if all was.
    public let unreadFrom: Timestamp?
    /// Until when the site's own counts are known; `nil` if the answer does not rest on them. If it does, fewer may be
    /// free for a whole lease than the calendar shows.
    public var countedUntil: Timestamp? { counts?.knownUntil }
    /// The number of units of each resource; `nil` if each is one.
    private let unitCounts: [Int]?
    /// The resources, and when each is held.
    private let held: [HeldResource]
    /// What the site counted, instead of the resources.
    private let counts: FlavorAvailability?

    init(
        scope: Scope, held: [HeldResource], units: [Int]? = nil, listedAt: Timestamp?, isLowerBound: Bool = false
    ) {
        self.scope = scope
        self.held = held
        unitCounts = units
        unreadFrom = held.lazy.compactMap(\.unreadFrom).min()
        self.listedAt = listedAt
        self.isLowerBound = isLowerBound
        counts = nil
    }

    init(scope: Scope, counts: FlavorAvailability, listedAt: Timestamp?) {
        self.scope = scope
        self.counts = counts
        self.listedAt = listedAt
        held = []
        unitCounts = nil
        unreadFrom = nil
        isLowerBound = false
    }

    /// Makes a calendar of when each is free.
    public func calendar() -> ResourceCalendar {
        if let counts { return counts.calendar() }
        var calendar = ResourceCalendar(
            held.enumerated().map { (id: $0.element.resource.id, units: unitCounts?[$0.offset] ?? 1) })
        for (number, one) in held.enumerated() {
            for span in one.spans { calendar.note(number: number, busyFrom: span.lowerBound, to: span.upperBound) }
        }
        return calendar
    }

    /// The same for each group of the resources, by a label.
    public func grouped(by label: (CatalogResource) -> String?) -> [(label: String?, availability: SiteAvailability)] {
        Dictionary(grouping: held.indices) { label(held[$0].resource) }.map { label, places in
            (
                label,
                SiteAvailability(
                    scope: scope, held: places.map { held[$0] },
                    units: unitCounts.map { units in places.map { units[$0] } }, listedAt: listedAt,
                    isLowerBound: isLowerBound)
            )
        }.sorted { ($0.label ?? "\u{10FFFF}") < ($1.label ?? "\u{10FFFF}") }
    }

    /// The names of the resources that are free in a slot; `nil` if the site only counts them.
    public func resourceNames(in slot: FreeSlot) -> [String]? {
        guard counts == nil else { return nil }
        let names = Dictionary(held.map { ($0.resource.id, $0.resource.name ?? $0.resource.id) }) { first, _ in first }
        return slot.resources.map { names[$0] ?? $0 }
    }
}

extension LeaseManager {
    /// The resources of a site that match, and when they are free.
    ///
    /// - Parameters:
    ///   - wish: which resources.
    ///   - scope: the scope of the site.
    ///   - moment: the first moment that matters; `nil` for now. What was free in the past is not known.
    /// - Returns: the resources, and when they are free.
    /// - Throws: ``LeaseholdError`` with the code `refused` if the site does not report who holds the resources,
    ///   `unreachable` if it has not been asked or could not answer, `notFound` for an unknown flavor or network, or
    ///   `invalid` for a moment in the past.
    public func availability(
        of wish: ResourceWish, scope: Scope, from moment: Timestamp? = nil
    ) throws(LeaseholdError) -> SiteAvailability {
        try availability(of: wish, scope: scope, from: moment, at: configuration.now())
    }

    /// The same at a time, and as if a queued creation were not.
    func availability(
        of wish: ResourceWish, scope: Scope, from moment: Timestamp?, before end: Timestamp? = nil,
        atMost limit: Int? = nil, at now: Timestamp, without creation: Int64? = nil
    ) throws(LeaseholdError) -> SiteAvailability {
        guard let kind = wish.resourceType.listedKind else {
            throw LeaseholdError(
                code: .invalid, message: "It is not known when resources of the type \(wish.resourceType) are free.")
        }
        let from = moment ?? now.truncatedToMinute
        // A caller may have looked at the clock a little earlier, or at another clock.
        guard from.seconds(since: now) >= -Timestamp.clockToleranceSeconds else {
            throw LeaseholdError(
                code: .invalid,
                message: "What was free in the past is not known: allocations are listed until they end.")
        }
        // What waits for room takes none.
        let pending = try queue(scopes: [scope.id]).filter {
            $0.state.isPending && $0.state != .waiting && $0.id != creation
        }
        let moved = Set(pending.filter { $0.verb != .create }.compactMap(\.leaseID))
        let flavor = try wish.flavor.map { name throws(LeaseholdError) in try self.flavor(name, scope) }
        // The site's counts are of all hosts.
        if let flavor, wish.resourceType == .flavor, wish.properties.isEmpty,
            let counted = try counted(flavor, scope, pending: pending, at: now)
        {
            return counted
        }
        let hasAllocations = try checkLists(kind, scope)
        let network = try wish.network.map { name throws(LeaseholdError) in try networkID(name, scope) }
        var claims: [Claim] = []
        if !hasAllocations {
            claims = try self.claims(ofLeasesWith: wish.resourceType, network: network, scope, from: from)
        }
        claims += pending.filter { $0.verb == .create && $0.leaseID == nil }.flatMap {
            self.claims($0, wish.resourceType, now: now)
        }
        // What a claim takes depends on all that is held, and a flavor's gaps reach beyond what is.
        let isWhole = !claims.isEmpty || flavor != nil
        let holdings = try reading { store throws(StoreError) in
            try store.holdings(
                of: kind, scope: scope.id, after: from, before: isWhole ? nil : end, atMost: isWhole ? nil : limit,
                without: moved
            ) { resource in
                let fields = resource.fields
                return fields["reservable"]?.boolValue != false && fields["disabled"]?.boolValue != true
                    && wish.properties.matches(fields) == true
                    && (network == nil || fields["floating_network_id"]?.stringValue.map { $0 == network } ?? true)
            }
        }
        var held = holdings.held
        if hasAllocations {
            let numbers = Dictionary(held.indices.map { (held[$0].resource.id, $0) }) { first, _ in first }
            for change in try reading({ store throws(StoreError) in
                try store.allocations(of: kind, scope: scope.id, leases: moved)
            }) {
                let writes = pending.filter { $0.leaseID == change.leaseID }
                guard !writes.contains(where: { $0.verb == .delete }) else { continue }
                let until = max(change.endsAt, Self.requestedEnd(writes) ?? change.endsAt)
                guard let number = numbers[change.resourceID], change.startsAt < until else { continue }
                held[number].spans.append(change.startsAt..<until)
            }
        }
        // In the order of their starts, giving each what is free uses no more than necessary.
        for claim in claims.sorted(by: { $0.span.lowerBound < $1.span.lowerBound }) { claim.take(from: &held) }
        if flavor != nil {
            let gap = FlavorAvailability.gap
            for number in held.indices {
                held[number].spans = held[number].spans.map {
                    $0.lowerBound.adding(seconds: -gap)..<$0.upperBound.adding(seconds: gap)
                }
            }
        }
        return SiteAvailability(
            scope: scope, held: held, units: flavor.map { flavor in held.map { flavor.units(on: $0.resource) } },
            listedAt: hasAllocations ? holdings.listedAt : scope.listedAt, isLowerBound: flavor != nil)
    }

    /// The resources of each site that match. One scope answers for its site: of those that are allowed to see who holds
    /// the resources, the one that was read last.
    ///
    /// - Parameters:
    ///   - wish: which resources.
    ///   - scopes: the scopes that may answer; `nil` for all.
    ///   - moment: what is held only before it does not matter; `nil` for now.
    ///   - end: what is held only from then on does not matter, and is not read; `nil` for no limit.
    ///   - limit: how many periods to read for each resource at most, of those that come next; `nil` for all.
    ///     ``SiteAvailability/unreadFrom`` tells how far the answer holds.
    /// - Returns: the answers, and why the other sites have none.
    /// - Throws: ``LeaseholdError`` with the code `database` or `invalid`.
    public func availability(
        of wish: ResourceWish, scopes: Set<Int64>?, from moment: Timestamp? = nil, before end: Timestamp? = nil,
        atMost limit: Int? = nil
    ) throws(LeaseholdError) -> (found: [SiteAvailability], refusals: [LeaseholdError]) {
        let known = try self.scopes().filter { scopes?.contains($0.id) ?? true }
        guard !known.isEmpty else {
            throw LeaseholdError(code: .notFound, message: "No site has been synced: run `leasehold sync` first.")
        }
        var found: [SiteAvailability] = []
        var refusals: [(site: Int64, error: LeaseholdError)] = []
        let byAge = known.sorted { ($0.listedAt?.secondsSince1970 ?? .min) > ($1.listedAt?.secondsSince1970 ?? .min) }
        for scope in byAge where !found.contains(where: { $0.scope.siteID == scope.siteID }) {
            do {
                found.append(
                    try availability(
                        of: wish, scope: scope, from: moment, before: end, atMost: limit, at: configuration.now()))
            } catch {
                guard [.refused, .unreachable, .notFound].contains(error.code) else { throw error }
                refusals.append((scope.siteID, error))
            }
        }
        let answered = Set(found.map(\.scope.siteID))
        return (found, refusals.filter { !answered.contains($0.site) }.map(\.error))
    }

    /// The end that some changes of a lease ask for; `nil` if they do not change it.
    private static func requestedEnd(_ writes: [Mutation]) -> Timestamp? {
        writes.last { $0.body["end_date"] != nil }?.body["end_date"]?.stringValue.flatMap(Timestamp.init(parsing:))
    }

    // MARK: - What the site counts

    /// The instances of a flavor that the site counts as free; `nil` if it does not count them, or not any more.
    private func counted(
        _ flavor: Flavor, _ scope: Scope, pending: [Mutation], at now: Timestamp
    ) throws(LeaseholdError) -> SiteAvailability? {
        let listing = try resourceListings(scopes: [scope.id]).first { $0.kind == .flavorInstances }
        guard listing?.outcome == .listed,
            let found = try resources(.flavorInstances, scopes: [scope.id]).first(where: { $0.resource.id == flavor.id }
            ),
            var counts = FlavorAvailability(found.resource), let end = counts.knownUntil, end > now
        else { return nil }
        for creation in pending where creation.verb == .create && creation.leaseID == nil {
            guard let draft = try? LeaseDraft(body: creation.body), let period = Self.period(draft, now: now) else {
                continue
            }
            for fields in draft.reservations where fields["flavor_id"]?.stringValue == flavor.id {
                counts.take(Self.requestedCount(fields), in: period)
            }
        }
        for (id, writes) in Dictionary(grouping: pending.filter { $0.verb != .create }, by: \.leaseID) {
            guard let id,
                let lease = try reading({ store throws(StoreError) in try store.lease(id: id, scope: scope.id) })?.lease
            else { continue }
            let count = lease.reservations.filter { $0.resourceType == .flavor && $0.flavorOrMachine == flavor.name }
                .reduce(0) { $0 + ($1.amount ?? 1) }
            if writes.contains(where: { $0.verb == .delete }) {
                counts.take(-count, in: lease.startsAt..<max(lease.startsAt, lease.endsAt))
            } else if let end = Self.requestedEnd(writes), end > lease.endsAt {
                counts.take(count, in: lease.endsAt..<end)
            }
        }
        return SiteAvailability(scope: scope, counts: counts, listedAt: found.syncedAt)
    }

    /// How many resources a request for a reservation asks for, at most.
    private static func requestedCount(_ fields: JSONObject) -> Int {
        fields["max"]?.intValue ?? fields["min"]?.intValue ?? fields["amount"]?.intValue ?? 1
    }

    /// The period that a draft asks for; `nil` if it is empty.
    private static func period(_ draft: LeaseDraft, now: Timestamp) -> Range<Timestamp>? {
        let start: Timestamp = if case .at(let time) = draft.start { time } else { now }
        return start < draft.endsAt ? start..<draft.endsAt : nil
    }

    // MARK: - The site's rules

    /// The site's rules for a lease of such resources, by the user's policy file.
    package func rules(for wish: ResourceWish, scope: Scope) throws(LeaseholdError) -> LeaseRules {
        var fields: JSONObject = [
            "resource_type": .string(wish.resourceType.rawValue),
            "resource_properties": .string(wish.properties.text),
        ]
        var names: [String: String] = [:]
        if let name = wish.flavor {
            let flavor = try flavor(name, scope)
            fields["flavor_id"] = .string(flavor.id)
            names[flavor.id] = flavor.name
        }
        let users = try reading { store throws(StoreError) in try store.users(of: scope.id) }
        return try policy(of: scope).rules(
            for: LeaseSubject([HeldReservation(requesting: fields, flavors: names)], scope: scope, users: users))
    }

    // MARK: - What is not allocated by name

    /// A number of resources that somebody has or will have; which ones is not known.
    private struct Claim {
        let count: Int
        let span: Range<Timestamp>
        let matches: (CatalogResource) -> Bool

        func take(from held: inout [HeldResource]) {
            var left = count
            for number in held.indices where left > 0 && matches(held[number].resource) {
                guard !held[number].spans.contains(where: { $0.overlaps(span) }) else { continue }
                held[number].spans.append(span)
                left -= 1
            }
        }
    }

    /// What a queued creation will get.
    private func claims(_ creation: Mutation, _ type: ResourceType, now: Timestamp) -> [Claim] {
        guard let draft = try? LeaseDraft(body: creation.body), let period = Self.period(draft, now: now) else {
            return []
        }
        return draft.reservations.compactMap { fields in
            guard fields["resource_type"]?.stringValue == type.rawValue,
                let wanted = try? ResourceProperties(parsing: fields["resource_properties"]?.stringValue ?? "")
            else { return nil }
            let network = fields["network_id"]?.stringValue
            return Claim(count: Self.requestedCount(fields), span: period) { resource in
                wanted.matches(resource.fields) == true
                    && (network == nil
                        || resource.fields["floating_network_id"]?.stringValue.map { $0 == network } ?? true)
            }
        }
    }

    /// What the leases of all projects have, by their numbers. Only an administrator sees them all.
    private func claims(
        ofLeasesWith type: ResourceType, network: String?, _ scope: Scope, from: Timestamp
    ) throws(LeaseholdError) -> [Claim] {
        var filter = LeaseFilter()
        filter.scopes = [scope.id]
        filter.from = from
        filter.resourceTypes = [type]
        var claims: [Claim] = []
        for lease in try leases(filter) where ![.terminated, .error].contains(lease.lease.status) && !lease.isDraft {
            let end = WriteTarget.mirrored(lease).endsAt ?? lease.lease.endsAt
            guard lease.lease.startsAt < end, !lease.pending.contains(where: { $0.verb == .delete }) else { continue }
            for reservation in lease.lease.reservations where reservation.resourceType == type {
                claims.append(
                    Claim(count: reservation.amount ?? 1, span: lease.lease.startsAt..<end) { resource in
                        guard let network = reservation.networkID else { return true }
                        return resource.fields["floating_network_id"]?.stringValue.map { $0 == network } ?? true
                    })
            }
        }
        return claims
    }

    // MARK: - What the site reports

    /// Checks that a site reports its resources of a kind, and who holds them.
    ///
    /// - Returns: whether it lists the allocations. If not, an administrator's leases say how many are held.
    func checkLists(_ kind: ResourceKind, _ scope: Scope) throws(LeaseholdError) -> Bool {
        let things = kind.plural
        let listing = try resourceListings(scopes: [scope.id]).first { $0.kind == kind }
        try check(listing, "its \(things)", scope)
        let allocations = try reading { store throws(StoreError) in
            try store.allocationListing(kind, scope: scope.id)
        }
        // No Blazar lists the allocations of floating IPs.
        if kind == .reservableFloatingIP, scope.seesAllProjects, allocations?.outcome != .listed { return false }
        try check(allocations, "who holds its \(things), and when", scope)
        return true
    }

    private func check(
        _ answer: ResourceListing?, _ what: String, _ scope: Scope
    ) throws(LeaseholdError) {
        switch answer?.outcome {
        case .listed: return
        case .forbidden:
            let words = answer?.message.map { " It said: \($0)" } ?? ""
            throw LeaseholdError(
                code: .refused, message: "\(scope.site) does not show you \(what), so no slot can be found.\(words)")
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

    private func flavor(_ name: String, _ scope: Scope) throws(LeaseholdError) -> Flavor {
        let flavors = try resources(.flavor, scopes: [scope.id]).map { Flavor($0.resource) }
        if let flavor = flavors.first(where: { $0.id == name }) ?? flavors.first(where: { $0.name == name }) {
            return flavor
        }
        let suggestion = Suggestion.nearest(to: name, in: flavors.map(\.name)).map { " Did you mean '\($0)'?" } ?? ""
        throw LeaseholdError(code: .notFound, message: "\(scope.site) has no flavor '\(name)'.\(suggestion)")
    }

    private func networkID(_ name: String, _ scope: Scope) throws(LeaseholdError) -> String {
        let networks = try resources(.network, scopes: [scope.id]).map(\.resource)
        let found = networks.first { $0.id == name } ?? networks.first { $0.name == name }
        // A member need not see the public network.
        return found?.id ?? name
    }
}

extension Flavor {
    /// How many instances fit on a host that nobody else uses.
    fileprivate func units(on host: CatalogResource) -> Int {
        let needs = [("vcpus", vcpus), ("memory_mb", ramMiB), ("local_gb", diskGiB)]
        let fits = needs.compactMap { name, need -> Int? in
            guard let need, need > 0,
                let has = host.fields[name].flatMap({ $0.intValue ?? $0.stringValue.flatMap { Int($0) } })
            else { return nil }
            return max(0, has / need)
        }
        return fits.min() ?? 0
    }
}
