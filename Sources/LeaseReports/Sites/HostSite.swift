import LeaseModel

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
