import LeaseModel

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
