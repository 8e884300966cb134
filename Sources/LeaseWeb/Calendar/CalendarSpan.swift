import LeaseModel
import LeaseReports
import Leasehold
import Output

/// A period of a resource or a lease in the calendar, for programs: exact, and merged with nothing.
struct CalendarSpan: Sendable {
    let site: String
    /// The resource; `nil` for a lease's own row.
    let position: ResourcePosition?
    let span: Range<Timestamp>
    /// `free`, or the hold's state.
    let state: String
    let lease: OccupyingLease?

    static let columns: [Column<CalendarSpan>] = [
        Column("site") { .text($0.site) },
        Column("kind") { .text($0.position.map(\.group)) },
        Column("resource_name") { .text($0.position?.name) },
        Column("resource_id") { .text($0.position?.id) },
        Column("state") { .text($0.state) },
        Column("start_date") { .time($0.span.lowerBound) },
        Column("end_date") { .time($0.span.upperBound) },
        Column("lease_name") { .text($0.lease?.name) },
        Column("lease_id") { .text($0.lease?.id) },
        Column("status") { .text($0.lease?.status?.rawValue) },
        Column("user_name") { .text($0.lease?.user) },
        Column("project_name") { .text($0.lease?.project) },
        Column("mine") { .bool($0.lease.map(\.isMine)) },
    ]

    /// The periods of a page of resources in a window: what is held, and what is free.
    static func spans(
        _ answer: ResourceOccupancy, window: Range<Timestamp>, now: Timestamp
    ) -> [CalendarSpan] {
        answer.rows.flatMap { row in
            let holds = CalendarHolds.holds(row, answer.leases, now: now).filter { $0.span.overlaps(window) }
            let held = holds.map { hold in
                CalendarSpan(
                    site: row.position.site, position: row.position, span: hold.span.clamped(to: window),
                    state: hold.state.rawValue, lease: answer.leases[hold.lease])
            }
            let free = OccupancyRow(holds, window: window, pixels: nil).cells.filter { $0.content == .free }
            let gaps = free.map { cell in
                CalendarSpan(
                    site: row.position.site, position: row.position, span: cell.span, state: "free", lease: nil)
            }
            return (held + gaps).sorted {
                ($0.span.lowerBound, $0.span.upperBound) < ($1.span.lowerBound, $1.span.upperBound)
            }
        }
    }

    /// The periods of leases in a window.
    static func spans(_ leases: [MirroredLease], window: Range<Timestamp>, now: Timestamp) -> [CalendarSpan] {
        leases.flatMap { lease in
            CalendarHolds.holds(lease, number: 0, now: now).filter { $0.span.overlaps(window) }.map { hold in
                CalendarSpan(
                    site: lease.site, position: nil, span: hold.span.clamped(to: window), state: hold.state.rawValue,
                    lease: OccupyingLease(lease))
            }
        }
    }
}
