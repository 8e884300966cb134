import HTTPTypes
import LeaseModel
import LeaseReports
import LeaseText
import Leasehold
import Output

/// A lease: everything that is known about it, and what can be done with it.
enum LeaseView {
    static func show(_ request: WebRequest) async throws -> WebPage {
        let lease = try lease(request)
        let changes = lease.isDraft ? [] : try request.manager.lifeline(LeaseCandidate(lease))
        let row = LeaseRow(lease, now: request.now)
        let kept = try request.manager.keepRule(of: lease)
        var page = try LeasePage(row, changes: changes, request.manager)
        page.kept = kept
        var data = data(page, request)
        data["timeline"] = try LeaseTimeline(lease, request).svg
        if isChangeable(lease, request) { data["actions"] = try actions(lease, request) }
        return WebPage(
            title: lease.lease.name, template: "lease", data: data,
            table: WebTable(show: LeaseDetail(row: row, changes: changes, kept: kept), LeaseDetail.columns))
    }

    /// The same page, with what an extension to the end in the form would meet.
    static func check(_ request: WebRequest) async throws -> WebPage { try await show(request).still() }

    /// The page that asks whether a lease shall be deleted.
    static func askDeletion(_ request: WebRequest) async throws -> WebPage {
        let lease = try lease(request)
        guard isChangeable(lease, request) else { throw WebError.notFound }
        let page = try LeasePage(LeaseRow(lease, now: request.now), changes: [], request.manager)
        return WebPage(
            title: "Delete \(lease.lease.name)?", template: "delete",
            data: [
                "name": lease.lease.name, "standing": page.standing(request.time), "span": page.span(request.time),
                "owner": page.owner, "href": request.link(lease: lease.id), "isDraft": lease.isDraft,
            ]
        ).still()
    }

    static func lease(_ request: WebRequest) throws -> MirroredLease {
        try request.manager.lease(request.parameters["id"] ?? "", scopes: request.scopes)
    }

    private static func isChangeable(_ lease: MirroredLease, _ request: WebRequest) -> Bool {
        !request.isReadOnly && lease.removal == nil
    }

    // MARK: - What is shown

    /// The most states of a lease that are drawn.
    static let maxStates = 100
    /// The most bytes of the changes that are shown. Programs get all of them.
    private static let maxHistoryBytes = 40_000

    private static func data(_ page: LeasePage, _ request: WebRequest) -> WebData {
        let mirrored = page.row.mirrored
        let lease = mirrored.lease
        let history = HistoryPage(
            changes: page.changes, time: request.time, includesEchoes: request.query["all"] != nil)
        let link = request.link(lease: lease.id)
        var bytes = 0
        let shown = history.events.reversed().prefix { event in
            bytes += event.words.escapedForHTML.utf8.count + 150
            return bytes <= maxHistoryBytes
        }
        let events = Array(shown.reversed())
        let omitted = history.events.count - events.count
        return [
            "name": lease.name, "id": lease.id, "standing": page.standing(request.time),
            "status": StatusStyle.of(lease.status.rawValue), "span": page.span(request.time), "owner": page.owner,
            "href": link, "json": link + ".json", "csv": link + ".csv", "isMine": mirrored.isMine,
            "degraded": lease.isDegraded == true,
            "kept": WebData.ifAny(
                page.kept.map { rule in
                    "until \(request.time.moment(rule.until)): "
                        + KeepText(rule: rule, now: request.now, time: request.time).standing
                }),
            "seen": WebData.ifAny(
                mirrored.isDraft ? nil : "read \(TimeText.relative(mirrored.lastSeenAt, to: request.now))"),
            "writes": mirrored.pending.map { write -> WebData in
                let text = WriteText(mutation: write, time: request.time)
                return [
                    "text": text.change, "href": request.link("/queue/\(write.id)"), "state": write.state.rawValue,
                    "style": StatusStyle.of(write.state.rawValue),
                ]
            },
            "reservations": lease.reservations.map { reservation($0, page) },
            "hasReservations": !lease.reservations.isEmpty, "isOutline": mirrored.isOutline,
            "omitted": WebData.ifAny(omitted > 0 ? "\(omitted)" : nil),
            "history": zip(events, history.rows(events)).map { event, row -> WebData in
                [
                    "when": request.time.moment(event.moment, .seconds), "what": row[1],
                    "bound": WebData.ifAny(event.after.map { "after \(request.time.moment($0, .seconds))" }),
                ]
            }.reversed() as [WebData],
            "hasEchoes": history.includesEchoes,
        ]
    }

    private static func reservation(_ reservation: Reservation, _ page: LeasePage) -> WebData {
        let text = ReservationText(reservation: reservation, networks: page.networks)
        let status = reservation.status.rawValue
        return [
            "what": text.what, "requirement": WebData.ifAny(text.requirement), "id": reservation.id, "status": status,
            "style": StatusStyle.of(status),
            "held": WebData.ifAny(page.held[reservation.id]?.joined(separator: ", ")),
            "zone": WebData.ifAny(reservation.resourceType == .host ? "blazar_\(reservation.id)" : nil),
        ]
    }

    // MARK: - What can be done

    /// The forms, and the verdict about a new end if the form names one.
    private static func actions(_ lease: MirroredLease, _ request: WebRequest) throws -> WebData {
        let wanted = request.form["end"]
        var data: WebData = [
            "href": request.link(lease: lease.id), "nameField": lease.lease.name.escapedForField,
            "end": (wanted ?? "").escapedForField, "isDraft": lease.isDraft,
            "isChecked": wanted != nil, "repeat": request.link("/new", WebFields([("from", lease.id)])),
            "problem": false, "verdict": false,
        ]
        do {
            let target = try request.manager.writeTarget(lease.id)
            let end = try wanted.map { try NewEnd(parsing: $0).moment(target, request) }
            let row = VerdictRow(
                target: target, verdict: try request.manager.verdict(extending: target, to: end), now: request.now)
            data["verdict"] = try text(row.page(request.style))
            data["window"] = WebData.ifAny(
                row.verdict.opensAt.flatMap { opens in
                    opens > request.now ? "The extension window opens \(request.time.moment(opens))." : nil
                })
        } catch {
            data["problem"] = WebError(error).message
        }
        return data
    }

    /// The lines of a page of text.
    private static func text(_ page: TextPage) throws -> [String] {
        var buffer = TextBuffer()
        try page.write(to: &buffer)
        return buffer.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }
}

/// Where the end of a lease is to be, as a person writes it: `+2d` from the present end, or a time.
struct NewEnd {
    private let text: String

    init(parsing text: String) { self.text = text }

    /// The moment.
    ///
    /// - Throws: an error that says how times and durations are written, or that the present end is not known.
    func moment(_ target: WriteTarget, _ request: WebRequest) throws -> Timestamp {
        guard let sign = text.first, "+-".contains(sign) else {
            return try TimeArgument(parsing: text).moment(now: request.now, zone: request.zone)
        }
        let seconds = try DurationArgument(parsing: String(text.dropFirst())).seconds
        guard let end = target.endsAt else {
            throw WebError(.unprocessableContent, "The end of '\(target.name)' is not known here: give a time.")
        }
        return end.adding(seconds: sign == "+" ? seconds : -seconds)
    }
}

extension String {
    /// The text for the value of a field, in which nothing is changed: a person may send it back.
    var escapedForField: String {
        replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
