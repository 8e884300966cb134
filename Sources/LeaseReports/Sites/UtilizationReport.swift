package import LeaseModel

/// How many of a site's hosts were reserved.
package struct UtilizationRow: Sendable, Hashable {
    /// The start of the bucket; `nil` if the report has no buckets.
    package let bucket: Timestamp?
    /// The values that it is grouped by, in the requested order.
    package let labels: [String?]
    /// Seconds times reservable hosts; `nil` if not known.
    package let reservableSeconds: Int64?
    /// Seconds times reserved hosts; `nil` if not known.
    package let committedSeconds: Int64?
    /// Whether a number is only a bound: the row reaches beyond what is known of the hosts, or the time or size of some
    /// use is not known exactly.
    package let isEstimated: Bool

    /// The reserved part; `nil` if it is not known, or if nothing could be reserved.
    package var utilization: Double? {
        guard let reservableSeconds, let committedSeconds, reservableSeconds > 0 else { return nil }
        return Double(committedSeconds) / Double(reservableSeconds)
    }
}

/// Committed and reservable host-hours, by bucket and site or node type.
package struct UtilizationReport: AdditiveReport {
    private let period: Range<Timestamp>
    /// Whether each row begins when its hosts are first known, because the period has no beginning.
    private let beginsWhenKnown: Bool
    /// The site that each scope sees a part of.
    private let sites: [Int64: HostSite]
    /// Whether hosts of different node types are in different groups.
    private let tellsTypesApart: Bool
    private var codes = GroupCodes()
    /// What is known of the hosts of each group, which may span sites.
    private var knowledge: [Int32: HostSite.Knowledge] = [:]
    private var reservable: SpanLedger
    private var committed: SpanLedger
    /// The part that comes from leases, for sites that report no allocations.
    private var committedByLeases: SpanLedger

    /// Starts a report with all hosts.
    ///
    /// - Parameters:
    ///   - hosts: the hosts of every site in the report, whatever their node type.
    ///   - scopes: the scopes that see the hosts, and those that the leases come from. If one of them sees all
    ///     projects' leases, its site needs no allocations.
    ///   - dimensions: `site`, `nodeType`, both or none.
    ///   - nodeType: the node type of the hosts that count; `nil` for all.
    ///   - calendar: the buckets; `nil` for one bucket.
    ///   - period: the period that counts. Without a beginning, each row begins when its hosts are first known.
    package init(
        hosts: [HostHistory], scopes: [Scope], by dimensions: [ReportDimension], nodeType: String? = nil,
        calendar: BucketCalendar?, period: Range<Timestamp>
    ) {
        beginsWhenKnown = period.lowerBound == .distantPast
        let first = hosts.map(\.firstSeenAt).min() ?? period.lowerBound
        let start = beginsWhenKnown ? min(first, period.upperBound) : period.lowerBound
        self.period = start..<period.upperBound
        tellsTypesApart = dimensions.contains(.nodeType) || nodeType != nil
        reservable = SpanLedger(calendar, period: self.period)
        committed = SpanLedger(calendar, period: self.period)
        committedByLeases = SpanLedger(calendar, period: self.period)
        let hostsOfScope = Dictionary(grouping: hosts, by: \.scopeID)
        var sites: [Int64: HostSite] = [:]
        var counted: [(host: HostHistory, group: Int32)] = []
        for scopes in Dictionary(grouping: scopes, by: \.siteID).values {
            let hosts = scopes.flatMap { hostsOfScope[$0.id] ?? [] }
            guard !hosts.isEmpty else { continue }
            let leasesReadAt = scopes.filter(\.seesAllProjects).compactMap(\.listedAt).max()
            var site = HostSite(hosts, leasesKnownUntil: leasesReadAt)
            // Scopes may have different names for a site; the first scope's name is used.
            let name = scopes.min { $0.id < $1.id }?.site
            for host in hosts where host.isReservable && (nodeType == nil || host.nodeType == nodeType) {
                var group = GroupCodes.none
                for dimension in dimensions {
                    group = codes.group(group, adding: dimension == .site ? name : host.nodeType)
                }
                site.note(group, of: host.nodeType)
                counted.append((host, group))
            }
            for group in Set(site.groups.values) {
                knowledge[group, default: site.knowledge].formIntersection(site.knowledge)
            }
            for scope in scopes { sites[scope.id] = site }
        }
        self.sites = sites
        for (host, group) in counted {
            if let site = sites[host.scopeID] { add(host, of: site, to: group) }
        }
    }

    /// Whether some site's committed hours come from leases.
    package var countsLeases: Bool { sites.values.contains(where: \.countsLeases) }

    private mutating func add(_ host: HostHistory, of site: HostSite, to group: Int32) {
        let presence = known(site.presence(of: host), in: group)
        Self.add(HeldTime(presence, certainUntil: site.knowledge.hostsUntil), to: group, in: &reservable) {
            $0.unitSeconds += $1
        }
        // This covers idle time as well: a row reaches no further than what was read.
        let isReported = site.countsLeases || host.usesKnownUntil != nil
        Self.add(HeldTime(presence, certainUntil: site.knowledge.usesUntil), to: group, in: &committed) {
            if !isReported { $0.unknownSeconds += $1 }
        }
        guard isReported, !site.countsLeases else { return }
        let uses = host.uses.compactMap(\.held)
        // A host serves one lease at a time. If two seem to have it, one gave it back earlier than is known.
        let held = TimeSpans.union(uses.map { $0.span.clamped(to: presence) })
        let certain = TimeSpans.union(uses.map { ($0.span.lowerBound..<$0.certainUntil).clamped(to: presence) })
        for span in held {
            Self.add(HeldTime(span), to: group, in: &committed) { $0.unitSeconds += $1 }
        }
        for span in TimeSpans.subtracting(certain, from: held) {
            Self.add(HeldTime(span), to: group, in: &committed) { entry, _ in entry.isEstimated = true }
        }
    }

    /// Adds a lease, for the sites that do not report which hosts it has.
    package mutating func add(_ lease: LeaseUsage) {
        guard let site = sites[lease.scopeID], site.countsLeases, let held = lease.held else { return }
        for reservation in lease.reservations where reservation.resourceType == .host {
            switch site.groups(ofHostsReservedBy: reservation.nodeType, tellsTypesApart: tellsTypesApart) {
            case .one(let group?): add(held, reservation.units, to: group)
            case .one(nil): break
            case .any(let groups): for group in groups { add(held, nil, to: group) }
            }
        }
    }

    private mutating func add(_ held: HeldTime, _ units: UnitCount?, to group: Int32) {
        let time = HeldTime(known(held.span, in: group), certainUntil: held.certainUntil)
        Self.add(time, to: group, in: &committedByLeases) { entry, seconds in
            if let units {
                entry.add(seconds: seconds, units: units.count)
                entry.isEstimated = entry.isEstimated || units.isEstimated
            } else {
                entry.unknownSeconds += seconds
            }
        }
    }

    package mutating func merge(_ other: UtilizationReport) {
        // The groups are those of the hosts, which both parts began with.
        committedByLeases.merge(other.committedByLeases) { $0 }
    }

    /// The part of a span in which the hosts of a group are known.
    private func known(_ span: Range<Timestamp>, in group: Int32) -> Range<Timestamp> {
        span.clamped(to: (knowledge[group]?.from ?? .distantPast)..<Timestamp.distantFuture)
    }

    private static func add(
        _ time: HeldTime, to group: Int32, in ledger: inout SpanLedger,
        _ change: (inout SpanLedger.Entry, Int64) -> Void
    ) {
        var pieces = ledger.pieces(of: time)
        while let piece = ledger.next(&pieces) {
            ledger.update(group, piece.bucket) { entry in
                change(&entry, piece.seconds)
                if !piece.isCertain { entry.isEstimated = true }
            }
        }
    }

    /// The rows, by bucket and labels.
    package var rows: [UtilizationRow] {
        var given: [Int32: [Timestamp?: SpanLedger.Entry]] = [:]
        for (group, start, entry) in committed.all + committedByLeases.all {
            given[group, default: [:]][start, default: SpanLedger.Entry()].merge(entry)
        }
        return reservable.all.map { group, start, entry in
            row(group, start, reservable: entry, committed: given[group]?[start] ?? SpanLedger.Entry())
        }.sorted { RowOrder.precedes(($0.bucket, $0.labels), ($1.bucket, $1.labels)) }
    }

    private func row(
        _ group: Int32, _ start: Timestamp?, reservable: SpanLedger.Entry, committed: SpanLedger.Entry
    ) -> UtilizationRow {
        var begin = max(start ?? period.lowerBound, period.lowerBound)
        var (areHostsKnown, areUsesKnown) = (false, false)
        if let knowledge = knowledge[group] {
            if beginsWhenKnown { begin = max(begin, knowledge.from) }
            areHostsKnown = knowledge.from <= begin && begin < knowledge.hostsUntil
            areUsesKnown = areHostsKnown && begin < knowledge.usesUntil && committed.unknownSeconds == 0
        }
        return UtilizationRow(
            bucket: start, labels: codes.labels(of: group),
            reservableSeconds: areHostsKnown ? reservable.unitSeconds : nil,
            committedSeconds: areUsesKnown ? committed.unitSeconds : nil,
            isEstimated: areHostsKnown && reservable.isEstimated || areUsesKnown && committed.isEstimated)
    }
}

extension HostHistory.Use {
    /// The time for which it held the host, certainly or possibly; `nil` if it never did.
    ///
    /// An allocation that is still listed, or was listed until its end, counts until its end.
    fileprivate var held: HeldTime? {
        let end = min(endsAt, goneBefore ?? endsAt)
        guard startsAt < end else { return nil }
        return HeldTime(startsAt..<end, certainUntil: end < endsAt ? goneAfter ?? startsAt : nil)
    }
}

/// What is known of the hosts of one site, which several scopes may see.
struct HostSite: Sendable {
    /// The time for which hosts and their uses are known.
    struct Knowledge: Sendable {
        /// When the first host was seen.
        var from: Timestamp
        /// When the hosts were last read.
        var hostsUntil: Timestamp
        /// When their uses were last read.
        var usesUntil: Timestamp

        /// Restricts this to what is also known of another site.
        mutating func formIntersection(_ other: Knowledge) {
            from = max(from, other.from)
            hostsUntil = min(hostsUntil, other.hostsUntil)
            usesUntil = min(usesUntil, other.usesUntil)
        }
    }

    let knowledge: Knowledge
    /// Whether the uses of hosts come from leases rather than from allocations.
    let countsLeases: Bool
    /// The node types of all the site's hosts that Blazar calls reservable.
    private let nodeTypes: Set<String?>
    /// The group of each node type in the report.
    private(set) var groups: [String?: Int32] = [:]

    /// Combines what scopes know of a site.
    ///
    /// - Parameters:
    ///   - hosts: the hosts of the site, at least one.
    ///   - leasesKnownUntil: when all projects' leases were last read; `nil` if never.
    init(_ hosts: [HostHistory], leasesKnownUntil: Timestamp?) {
        let from = hosts.map(\.firstSeenAt).min() ?? .distantPast
        let lastRead = hosts.map(\.knownUntil).max() ?? from
        nodeTypes = Set(hosts.filter(\.isReservable).map(\.nodeType))
        if let reportedUntil = hosts.filter(\.tellsUses).map(\.knownUntil).max() {
            knowledge = Knowledge(from: from, hostsUntil: reportedUntil, usesUntil: reportedUntil)
            countsLeases = false
        } else if let leasesKnownUntil {
            knowledge = Knowledge(from: from, hostsUntil: lastRead, usesUntil: min(lastRead, leasesKnownUntil))
            countsLeases = true
        } else {
            let reportedUntil = hosts.compactMap(\.usesKnownUntil).max()
            knowledge = Knowledge(from: from, hostsUntil: lastRead, usesUntil: reportedUntil ?? lastRead)
            countsLeases = false
        }
    }

    /// The time for which a host could be reserved. If scopes that read the site later did not list it, it counts as
    /// gone from when it was last read.
    func presence(of host: HostHistory) -> Range<Timestamp> {
        let end = host.goneBefore ?? (host.knownUntil < knowledge.hostsUntil ? host.knownUntil : .distantFuture)
        return host.firstSeenAt..<max(host.firstSeenAt, end)
    }

    /// Records the group of a node type.
    mutating func note(_ group: Int32, of nodeType: String?) { groups[nodeType] = group }

    /// The groups whose hosts a reservation may have.
    ///
    /// - Parameters:
    ///   - nodeType: the node type that the reservation asks for, if any.
    ///   - tellsTypesApart: whether hosts of different types are in different groups.
    /// - Returns: one group, or all groups that are possible.
    func groups(ofHostsReservedBy nodeType: String?, tellsTypesApart: Bool) -> ReservedGroups {
        if !tellsTypesApart { return .one(groups.values.first) }
        if let nodeType { return .one(groups[nodeType]) }
        guard nodeTypes.count == 1, let only = nodeTypes.first else { return .any(Set(groups.values)) }
        return .one(groups[only])
    }

    /// Where the hosts of a reservation count.
    enum ReservedGroups {
        /// In this group, or in none of the report.
        case one(Int32?)
        /// In any of these; which one is not known.
        case any(Set<Int32>)
    }
}

extension HostHistory {
    /// Whether the site reported the uses of its hosts when they were last read.
    var tellsUses: Bool { usesKnownUntil.map { $0 >= knownUntil } ?? false }
}
