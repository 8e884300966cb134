import LeaseModel
import LeaseReports
import LeaseText

/// The periods of a calendar, from what the mirror says about leases.
enum CalendarHolds {
    /// The periods of a row of resources.
    ///
    static func holds(
        _ row: ResourceOccupancy.Row, _ leases: [OccupyingLease], now: Timestamp
    ) -> [OccupancyHold] {
        row.holds.flatMap { hold in
            parts(hold.span, certainUntil: hold.certainUntil, change: hold.change, isQueued: false, now: now).map {
                OccupancyHold(span: $0.0, lease: hold.lease, holder: leases[hold.lease].holder, state: $0.1)
            }
        }
    }

    /// The periods of a lease.
    static func holds(_ lease: MirroredLease, number: Int, now: Timestamp) -> [OccupancyHold] {
        let start = lease.lease.startsAt
        let end = max(start, lease.removal.map { min(lease.lease.endsAt, $0.before) } ?? lease.lease.endsAt)
        let certainUntil = lease.removal.flatMap { $0.after < end ? max(start, $0.after) : nil }
        var change: ResourceHold.QueuedChange?
        for write in lease.pending where write.verb != .create {
            if write.verb == .delete {
                change = .deletion
            } else if let end = write.body["end_date"]?.stringValue.flatMap(Timestamp.init(parsing:)) {
                change = .end(end)
            }
        }
        let holder: OccupancyHold.Holder = lease.isMine ? .own : .project
        return parts(start..<end, certainUntil: certainUntil, change: change, isQueued: lease.isDraft, now: now).map {
            OccupancyHold(span: $0.0, lease: number, holder: holder, state: $0.1)
        }
    }

    private static func parts(
        _ span: Range<Timestamp>, certainUntil: Timestamp?, change: ResourceHold.QueuedChange?, isQueued: Bool,
        now: Timestamp
    ) -> [(Range<Timestamp>, OccupancyHold.State)] {
        let whole: OccupancyHold.State = isQueued ? .queued : .reported
        let (start, end) = (span.lowerBound, span.upperBound)
        if let certainUntil {
            let moment = min(max(certainUntil, start), end)
            return [(start..<moment, whole), (moment..<end, .uncertain)].filter { !$0.0.isEmpty }
        }
        let parts: [(Range<Timestamp>, OccupancyHold.State)]
        switch change {
        case nil: parts = [(span, whole)]
        case .deletion:
            let moment = min(max(now, start), end)
            parts = [(start..<moment, whole), (moment..<end, .ending)]
        case .end(let wanted) where wanted > end: parts = [(span, whole), (end..<wanted, .queued)]
        case .end(let wanted):
            let moment = max(wanted, start)
            parts = [(start..<moment, whole), (moment..<end, .ending)]
        }
        return parts.filter { !$0.0.isEmpty }
    }
}

extension OccupyingLease {
    var holder: OccupancyHold.Holder { isMine ? .own : isMirrored ? .project : .others }

    init(_ lease: MirroredLease) {
        self.init(
            id: lease.id, name: lease.lease.name, user: lease.userName ?? lease.lease.userID,
            project: lease.projectName ?? lease.lease.projectID, status: lease.lease.status, isMine: lease.isMine)
    }
}
