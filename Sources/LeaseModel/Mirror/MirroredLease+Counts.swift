/// How many of something a lease has, as far as is known.
public struct ResourceCount: Sendable, Hashable {
    /// The fewest it can be.
    public let least: Int
    /// The most it can be.
    public let most: Int

    /// Makes a count.
    public init(least: Int, most: Int) {
        self.least = least
        self.most = max(least, most)
    }

    /// The number, if it is known for sure.
    public var exact: Int? { least == most ? least : nil }
}

extension MirroredLease {
    /// How many hosts it has: those that were seen to be given to it, else what its reservations ask for.
    public var nodes: ResourceCount { count(.host) }

    /// How many floating IPs it has: those that were seen to be given to it, else what its reservations ask for.
    public var floatingIPs: ResourceCount { count(.floatingIP) }

    /// Whether nothing but its name and dates is known, so that what it reserves is unknown, and not nothing.
    public var isOutline: Bool { lease.isOutline }

    private func count(_ type: ResourceType) -> ResourceCount {
        var (least, most) = (0, 0)
        for reservation in lease.reservations where reservation.resourceType == type {
            if let held = heldCounts[reservation.id] {
                least += held
                most += held
            } else {
                let wanted = reservation.maximumCount ?? reservation.amount ?? 1
                least += reservation.minimumCount ?? wanted
                most += wanted
            }
        }
        return ResourceCount(least: least, most: most)
    }
}

extension BlazarLease {
    /// Whether nothing but its name and dates is known.
    package var isOutline: Bool { status.rawValue.isEmpty && reservations.isEmpty }
}
