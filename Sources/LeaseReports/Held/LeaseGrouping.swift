package import LeaseModel

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

/// What the rows of a report can be grouped by.
package enum ReportDimension: String, Sendable, Hashable, CaseIterable {
    case site
    /// The project's name, or its id if the name is not known.
    case project
    case projectID = "project_id"
    /// The user's name, or its id if the name is not known.
    case user
    case userID = "user_id"
    case lease
    case leaseName = "lease_name"
    case nodeType = "node_type"
    case resourceType = "resource_type"
    /// Why reserved hours were not used; only in the report of early ends.
    case reason

    /// The dimensions that every lease has.
    package static var ofLeases: [ReportDimension] { allCases.filter { $0 != .reason } }

    /// Whether it can differ between the reservations of one lease.
    var isOfReservation: Bool { self == .nodeType || self == .resourceType }

    /// Whether it needs more of a lease than its site, project and reservations.
    package var needsNames: Bool { [.lease, .leaseName, .user, .userID].contains(self) }

    func label(_ lease: LeaseUsage, _ reservation: HeldReservation?, reason: String? = nil) -> String? {
        switch self {
        case .site: lease.site
        case .project: lease.projectName ?? lease.projectID
        case .projectID: lease.projectID
        case .user: lease.userName ?? lease.userID
        case .userID: lease.userID
        case .lease: lease.id
        case .leaseName: lease.name
        case .nodeType: reservation?.nodeType
        case .resourceType: reservation?.resourceType.rawValue
        case .reason: reason
        }
    }
}

/// A row of a grouped report.
package protocol GroupedRow: Sendable {
    /// The start of the bucket; `nil` if the report has no buckets.
    var bucket: Timestamp? { get }
    /// The values that it is grouped by, in the requested order.
    var labels: [String?] { get }
}

extension GroupedRow {
    package var bucket: Timestamp? { nil }
}

extension HoursRow: GroupedRow {}
extension ServiceUnitRow: GroupedRow {}
extension UtilizationRow: GroupedRow {}
extension SpreadRow: GroupedRow {}
extension StatesRow: GroupedRow {}
extension StackingRow: GroupedRow {}

/// Gives each combination of labels a small number.
///
/// A combination is numbered label by label, so no row needs an array or a joined text.
struct GroupCodes: Sendable {
    private struct Step {
        let group: Int32
        let label: Int32
    }

    private var labelNumbers: [String?: Int32] = [:]
    private var labels: [String?] = []
    private var groups = NumberTable()
    /// The last label; the next one is often the same.
    private var recent: (label: String?, number: Int32)?
    /// How each group was built; the first has no labels.
    private var steps: [Step?] = [nil]

    /// The number of the group without labels.
    static let none: Int32 = 0

    /// The number of a group with one more label.
    mutating func group(_ group: Int32, adding label: String?) -> Int32 {
        let step = Step(group: group, label: number(of: label))
        let key = UInt64(UInt32(bitPattern: step.group)) << 32 | UInt64(UInt32(bitPattern: step.label))
        let (number, isNew) = groups.number(of: key)
        if isNew { steps.append(step) }
        return Int32(number + 1)
    }

    private mutating func number(of label: String?) -> Int32 {
        if let recent, recent.label == label { return recent.number }
        let number = labelNumbers[label] ?? Int32(labels.count)
        if Int(number) == labels.count {
            labelNumbers[label] = number
            labels.append(label)
        }
        recent = (label, number)
        return number
    }

    /// Merges the groups of another table.
    ///
    /// - Returns: the number of each group here, by its number there.
    mutating func merge(_ other: GroupCodes) -> [Int32] {
        var numbers = [Self.none]
        // A group is built from one that came before it.
        for step in other.steps.dropFirst() {
            guard let step else { continue }
            numbers.append(group(numbers[Int(step.group)], adding: other.labels[Int(step.label)]))
        }
        return numbers
    }

    /// The labels of a group, in order.
    func labels(of group: Int32) -> [String?] {
        var found: [String?] = []
        var group = group
        while let step = steps[Int(group)] {
            found.append(labels[Int(step.label)])
            group = step.group
        }
        return found.reversed()
    }
}
