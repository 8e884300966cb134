package import LeaseModel
package import Output

/// Whether an extension is possible, as `extend --check` shows it.
package struct VerdictRow: Sendable {
    package let target: WriteTarget
    package let verdict: ExtensionVerdict
    package let now: Timestamp

    package init(target: WriteTarget, verdict: ExtensionVerdict, now: Timestamp) {
        self.target = target
        self.verdict = verdict
        self.now = now
    }

    private var leaseID: String? {
        switch target {
        case .mirrored(let lease): lease.id
        case .creation(let creation, _): creation.localID
        }
    }

    private var site: String {
        switch target {
        case .mirrored(let lease): lease.site
        case .creation(let creation, _): creation.site
        }
    }

    package static let columns: [Column<VerdictRow>] = [
        Column("lease_id", role: .identifier) { .text($0.leaseID) },
        Column("name") { .text($0.target.name) },
        Column("verdict") { .text($0.verdict.answer.rawValue) },
        Column("end_date", heading: "ENDS") { .time($0.verdict.end) },
        Column("new_end_date", heading: "WANTED") { .time($0.verdict.newEnd) },
        Column("furthest_end_date", heading: "FURTHEST") { .time($0.verdict.furthestEnd) },
        Column("window_opens_at", dropPriority: 1) { .time($0.verdict.opensAt) },
        Column("allowed_until", dropPriority: 2) { .time($0.verdict.allowedUntil) },
        Column("free_until", dropPriority: 3) { .time($0.verdict.freeUntil) },
        Column("su") { $0.verdict.cost.map { .decimal($0, places: 2) } ?? .missing },
        Column("site", dropPriority: 4, role: .context) { .text($0.site) },
        Column("obstacles", visibility: .structured) { .json(.array($0.verdict.obstacles.map { .object($0.json) })) },
        Column("next_holders", visibility: .structured) {
            .json(.array($0.verdict.nextHolders.map { .object($0.json) }))
        },
        Column("unknown", visibility: .structured) { .json(.array($0.verdict.unknowns.map(JSONValue.string))) },
        Column("known_at", visibility: .structured) { .time($0.verdict.knownAt) },
    ]

    /// The verdict on a page.
    package func page(_ style: OutputStyle) -> TextPage {
        var page = TextPage(style)
        let time = style.time
        page.line(headline(time))
        for obstacle in verdict.obstacles { page.line(obstacle.message(time: { time.zoned($0) }), indent: 2) }
        page.field("window", window(time))
        page.field("allowed", verdict.allowedUntil.map { "until \(time.moment($0))" } ?? "no limit is written down")
        page.field("free", free(time))
        for taken in verdict.nextHolders.prefix(8) { page.line(next(taken, time), indent: 12) }
        if verdict.nextHolders.count > 8 { page.line("and \(verdict.nextHolders.count - 8) more", indent: 12) }
        page.field("furthest", verdict.furthestEnd.map(furthest(time)) ?? "no limit is known")
        if let cost = verdict.cost { page.field("cost", "\(Cell.fixed(cost, places: 2)) SU") }
        for unknown in verdict.unknowns { page.field("unknown", unknown) }
        if let knownAt = verdict.knownAt {
            page.field("basis", "who holds what, as read \(TimeText.relative(knownAt, to: now))")
        }
        return page
    }

    private func headline(_ time: TimeText) -> String {
        let name = target.name
        guard let newEnd = verdict.newEnd, newEnd != verdict.end || verdict.obstacles.isEmpty else {
            return verdict.obstacles.isEmpty
                ? "\(name) can end at any time, as far as is known" : "\(name) cannot be extended now"
        }
        let end = "\(time.zoned(newEnd)) (\(later(newEnd)))"
        switch verdict.answer {
        case .yes: return "\(name) can end \(end)"
        case .no: return "\(name) cannot end \(end)"
        case .unknown: return "\(name) can end \(end), as far as is known"
        }
    }

    private func window(_ time: TimeText) -> String {
        guard let opensAt = verdict.opensAt else { return "always open, as far as is written down" }
        return now > opensAt
            ? "open since \(time.moment(opensAt))"
            : "opens \(time.moment(opensAt)), \(TimeText.relative(opensAt, to: now))"
    }

    private func free(_ time: TimeText) -> String {
        if let freeUntil = verdict.freeUntil { return "until \(time.moment(freeUntil))" }
        return verdict.unknowns.isEmpty ? "nobody else has reserved what it holds" : "not known, see below"
    }

    private func next(_ taken: TakenResource, _ time: TimeText) -> String {
        let holder = taken.next.leaseName ?? "somebody else"
        let project = taken.next.projectID.map { ", project \($0)" } ?? ""
        return "\(taken.name): \(holder)\(project) from \(time.moment(taken.startsAt))"
    }

    private func furthest(_ time: TimeText) -> (Timestamp) -> String {
        { $0 <= verdict.end ? "its present end" : "\(time.moment($0)) (\(later($0)))" }
    }

    /// How much later an end is than the present one.
    private func later(_ end: Timestamp) -> String {
        "+\(TimeText.duration(seconds: end.seconds(since: verdict.end)))"
    }
}

extension LeaseObstacle {
    /// The obstacle as JSON, for programs.
    fileprivate var json: JSONObject {
        var object: JSONObject = [
            "code": .string(code), "field": .string(field), "message": .string(message()),
        ]
        if case .taken(let taken) = self { object.merge(taken.json) }
        return object
    }
}

extension TakenResource {
    /// The resource and its next holder as JSON, for programs.
    fileprivate var json: JSONObject {
        [
            "resource": .string(name), "resource_id": .string(next.resourceID),
            "held_by_reservation": .string(reservationID), "reservation_id": .string(next.reservationID),
            "lease_id": .string(next.leaseID), "lease_name": JSONValue(next.leaseName),
            "project_id": JSONValue(next.projectID), "start_date": .string(startsAt.iso8601),
            "end_date": .string(next.endsAt.iso8601),
        ]
    }
}
