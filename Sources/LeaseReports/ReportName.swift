/// The reports, by the names of their commands.
package enum ReportName: String, Sendable, Hashable, CaseIterable {
    case hours
    case su
    case early
    case utilization
    case leadTime = "lead-time"
    case latency
    case states
    case extensions
    case failures
    case expiring
    case stacking
    case coverage

    /// What it shows, in one sentence: the command's help and the page say the same.
    package var summary: String {
        switch self {
        case .hours: "Lease-hours and node-hours, in any grouping, per day, week or month."
        case .su: "Service units, from a table of rates that change with time."
        case .early: "Hours that were reserved but not used: returned, canceled, or lost to an error."
        case .utilization: "How much of a site's hosts was allocated, as far as it is known."
        case .leadTime: "How long before their start leases were created."
        case .latency: "How late leases started and ended."
        case .states: "How long leases were observed in each status."
        case .extensions: "When leases were extended or shortened, and by how much."
        case .failures: "Failed writes, by reason."
        case .expiring: "Leases that end soon, and when they may be extended."
        case .stacking: "How long consecutive leases held a node type without a break."
        case .coverage: "Since when each site was watched, and the gaps since then."
        }
    }
}
