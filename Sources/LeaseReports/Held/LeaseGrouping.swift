import LeaseModel

/// Numbers the groups that leases belong to.
struct LeaseGrouping: Sendable {
    let dimensions: [ReportDimension]
    private var codes = GroupCodes()

    init(by dimensions: [ReportDimension]) { self.dimensions = dimensions }

    /// The groups of a lease. It has several if it is grouped by something in which its reservations differ.
    ///
    /// - Parameters:
    ///   - lease: the lease.
    ///   - kind: a label to put before those of the dimensions.
    /// - Returns: the codes of its groups.
    mutating func groups(of lease: LeaseUsage, kind: String? = nil) -> Set<Int32> {
        let first = kind.map { codes.group(GroupCodes.none, adding: $0) } ?? GroupCodes.none
        let reservations: [HeldReservation?] =
            dimensions.contains(where: \.isOfReservation) && !lease.reservations.isEmpty ? lease.reservations : [nil]
        var groups: Set<Int32> = []
        for reservation in reservations {
            var group = first
            for dimension in dimensions { group = codes.group(group, adding: dimension.label(lease, reservation)) }
            groups.insert(group)
        }
        return groups
    }

    /// Merges another grouping by the same dimensions.
    ///
    /// - Returns: the number of each group here, by its number there.
    mutating func merge(_ other: LeaseGrouping) -> [Int32] { codes.merge(other.codes) }

    /// The labels of a group, beginning with its kind if it has one.
    func labels(of group: Int32) -> [String?] { codes.labels(of: group) }
}
