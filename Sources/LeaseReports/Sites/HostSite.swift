import LeaseModel

/// What is known of the hosts of one site, which several scopes may see.
struct HostSite: Sendable {
    /// From when on, and up to when, the mirror knows of hosts and of what holds them.
    struct Knowledge: Sendable {
        /// When the first host was seen.
        var from: Timestamp
        /// When the hosts were last read.
        var hostsUntil: Timestamp
        /// When it was last read what holds them.
        var usesUntil: Timestamp

        /// What is known of the hosts of several sites together.
        mutating func formIntersection(_ other: Knowledge) {
            from = max(from, other.from)
            hostsUntil = min(hostsUntil, other.hostsUntil)
            usesUntil = min(usesUntil, other.usesUntil)
        }
    }

    let knowledge: Knowledge
    /// Whether it is the leases that tell what holds the hosts.
    let countsLeases: Bool
    /// The node types of all its hosts that Blazar calls reservable.
    private let nodeTypes: Set<String?>
    /// The group of the hosts of each node type, of those that are reported on.
    private(set) var groups: [String?: Int32] = [:]

    /// Takes together what is known of a site.
    ///
    /// - Parameters:
    ///   - hosts: those of the site, at least one.
    ///   - leasesKnownUntil: when all projects' leases were last read; `nil` if they never were.
    init(_ hosts: [HostHistory], leasesKnownUntil: Timestamp?) {
        let from = hosts.map(\.firstSeenAt).min() ?? .distantPast
        let lastRead = hosts.map(\.knownUntil).max() ?? from
        nodeTypes = Set(hosts.filter(\.isReservable).map(\.nodeType))
        if let told = hosts.filter(\.tellsUses).map(\.knownUntil).max() {
            knowledge = Knowledge(from: from, hostsUntil: told, usesUntil: told)
            countsLeases = false
        } else if let leasesKnownUntil {
            knowledge = Knowledge(from: from, hostsUntil: lastRead, usesUntil: min(lastRead, leasesKnownUntil))
            countsLeases = true
        } else {
            let told = hosts.compactMap(\.usesKnownUntil).max()
            knowledge = Knowledge(from: from, hostsUntil: lastRead, usesUntil: told ?? lastRead)
            countsLeases = false
        }
    }

    /// For how long a host was there to be reserved. One that no scope has listed that read the site later is taken to
    /// have gone when it was last read.
    func presence(of host: HostHistory) -> Range<Timestamp> {
        let end = host.goneBefore ?? (host.knownUntil < knowledge.hostsUntil ? host.knownUntil : .distantFuture)
        return host.firstSeenAt..<max(host.firstSeenAt, end)
    }

    /// Notes to which group the hosts of a node type belong.
    mutating func note(_ group: Int32, of nodeType: String?) { groups[nodeType] = group }

    /// The groups of whose hosts a reservation got some.
    ///
    /// - Parameters:
    ///   - nodeType: what the reservation asks for by name, if it does.
    ///   - tellsTypesApart: whether hosts of different types are not all in one group.
    /// - Returns: one group, or those that it may be.
    func groups(ofHostsReservedBy nodeType: String?, tellsTypesApart: Bool) -> ReservedGroups {
        if !tellsTypesApart { return .one(groups.values.first) }
        if let nodeType { return .one(groups[nodeType]) }
        guard nodeTypes.count == 1, let only = nodeTypes.first else { return .any(Set(groups.values)) }
        return .one(groups[only])
    }

    /// Where the hosts of a reservation are counted.
    enum ReservedGroups {
        /// In this group, or in none that is reported on.
        case one(Int32?)
        /// In any of these: it cannot be told.
        case any(Set<Int32>)
    }
}

extension HostHistory {
    /// Whether the site told what holds it when its hosts were last read.
    var tellsUses: Bool { usesKnownUntil.map { $0 >= knownUntil } ?? false }
}
