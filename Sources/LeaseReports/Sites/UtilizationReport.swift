package import LeaseModel

/// How much of a site's hosts was given out.
package struct UtilizationRow: Sendable, Hashable {
    /// Where the bucket begins; `nil` if the report has none.
    package let bucket: Timestamp?
    /// The values by which it is grouped, in the order asked for.
    package let labels: [String?]
    /// Seconds times hosts that could be reserved; `nil` if nobody knows.
    package let reservableSeconds: Int64?
    /// Seconds times hosts that were; `nil` if nobody knows.
    package let committedSeconds: Int64?
    /// Whether a number is a bound only: the row reaches beyond what is known of the hosts, or something was given back
    /// or asked for of which it is not known when, or how much.
    package let isEstimated: Bool

    /// The part that was given out; `nil` if it is not known, or nothing could be reserved.
    package var utilization: Double? {
        guard let reservableSeconds, let committedSeconds, reservableSeconds > 0 else { return nil }
        return Double(committedSeconds) / Double(reservableSeconds)
    }
}

/// Committed and reservable host-hours, by bucket and site or node type.
package struct UtilizationReport: AdditiveReport {
    private let period: Range<Timestamp>
    /// Whether each row begins when its hosts are known, since nobody said when else.
    private let beginsWhenKnown: Bool
    /// The site that each scope sees a part of.
    private let sites: [Int64: HostSite]
    /// Whether hosts of different node types are not all in one group.
    private let tellsTypesApart: Bool
    private var codes = GroupCodes()
    /// What is known of the hosts of each group, which may be of several sites.
    private var knowledge: [Int32: HostSite.Knowledge] = [:]
    private var reservable: SpanLedger
    private var committed: SpanLedger
    /// What leases add to that, where allocations do not tell.
    private var committedByLeases: SpanLedger

    /// Begins a report with the hosts there are.
    ///
    /// - Parameters:
    ///   - hosts: those of every site that is to be reported on, whatever their node type.
    ///   - scopes: the scopes that see the hosts, and those that the leases come from. A site of which one sees every
    ///     project's leases needs no allocations to tell what holds its hosts.
    ///   - dimensions: `site`, `nodeType`, both or none.
    ///   - nodeType: the node type of the hosts that count; `nil` for all.
    ///   - calendar: how to divide the period; `nil` for one bucket.
    ///   - period: what counts. One without a beginning begins when the hosts are known, for each row by itself.
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
            // Scopes may have different names for it: that of the first is taken.
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

    /// Whether leases are needed to tell what some site's hosts were committed to.
    package var countsLeases: Bool { sites.values.contains(where: \.countsLeases) }

    private mutating func add(_ host: HostHistory, of site: HostSite, to group: Int32) {
        let presence = known(site.presence(of: host), in: group)
        Self.add(HeldTime(presence, certainUntil: site.knowledge.hostsUntil), to: group, in: &reservable) {
            $0.unitSeconds += $1
        }
        // Where nothing is committed that must be known, too: a row reaches no further than what was read.
        let isTold = site.countsLeases || host.usesKnownUntil != nil
        Self.add(HeldTime(presence, certainUntil: site.knowledge.usesUntil), to: group, in: &committed) {
            if !isTold { $0.unknownSeconds += $1 }
        }
        guard isTold, !site.countsLeases else { return }
        let uses = host.uses.compactMap(\.held)
        // A host is given to one lease at a time: where two seem to have it, one gave it back earlier than is known.
        let held = TimeSpans.union(uses.map { $0.span.clamped(to: presence) })
        let certain = TimeSpans.union(uses.map { ($0.span.lowerBound..<$0.certainUntil).clamped(to: presence) })
        for span in held {
            Self.add(HeldTime(span), to: group, in: &committed) { $0.unitSeconds += $1 }
        }
        for span in TimeSpans.subtracting(certain, from: held) {
            Self.add(HeldTime(span), to: group, in: &committed) { entry, _ in entry.isEstimated = true }
        }
    }

    /// Adds a lease, for the sites that do not tell which hosts it has.
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
        // The groups are those of the hosts, which both began with.
        committedByLeases.merge(other.committedByLeases) { $0 }
    }

    /// The part of a stretch in which the hosts of a group are known.
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
    /// The time for which it held the host, surely or perhaps; `nil` if it never did.
    ///
    /// An allocation that is still listed, or was until its end, is taken to last until its end.
    fileprivate var held: HeldTime? {
        let end = min(endsAt, goneBefore ?? endsAt)
        guard startsAt < end else { return nil }
        return HeldTime(startsAt..<end, certainUntil: end < endsAt ? goneAfter ?? startsAt : nil)
    }
}
