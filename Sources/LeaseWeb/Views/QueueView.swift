import HTTPTypes
import LeaseModel
import LeaseText
import Leasehold
import Output

/// The queue: what waits and why, and what people decide about it.
enum QueueView {
    /// The number of writes on a page.
    private static let pageLength = 100

    static func show(_ request: WebRequest) async throws -> WebPage {
        let (manager, scopes) = (request.manager, request.scopes)
        let includesFinal = request.query["all"] != nil
        // One more than fits tells whether there are more.
        let writes = try manager.queue(
            scopes: scopes, includesFinal: includesFinal, after: place(request), limit: pageLength + 1)
        let shown = writes.prefix(pageLength)
        let plain = request.query.without(["after", "notice"])
        let last = writes.count > pageLength ? shown.last?.id : nil
        return WebPage(
            title: "Queue", template: "queue",
            data: [
                "rows": shown.map { row($0, request) }, "all": includesFinal, "href": request.link("/queue"),
                "json": request.link("/queue.json", plain), "csv": request.link("/queue.csv", plain),
                "first": WebData.ifAny(request.query["after"].map { _ in request.link("/queue", plain) }),
                "next": WebData.ifAny(last.map { request.link("/queue", plain.with("after", "\($0)")) }),
            ],
            table: WebTable(QueueRow.columns) { (after: Int64?) in
                let writes = try manager.queue(scopes: scopes, includesFinal: includesFinal, after: after, limit: 500)
                return (writes.map { QueueRow(mutation: $0) }, writes.count == 500 ? writes.last?.id : nil)
            })
    }

    /// The number of the write that the page comes after; `nil` for the first page.
    private static func place(_ request: WebRequest) throws -> Int64? {
        guard let text = request.query["after"] else { return nil }
        guard let number = Int64(text) else { throw WebRequest.noPlace("queue") }
        return number
    }

    static func showWrite(_ request: WebRequest) async throws -> WebPage {
        let (write, attempts) = try request.manager.mutation(id(request))
        let text = WriteText(mutation: write, time: request.time)
        let page = QueuePage(mutation: write, attempts: attempts, cloud: nil)
        let comparison = page.comparison(text)
        let isChange = write.verb == .update || write.verb == .extend
        let data: WebData = [
            "title": text.title, "standing": text.standing, "isChange": isChange, "heads": comparison.rows[0],
            "fields": comparison.rows.dropFirst().map { ["name": $0[0], "values": Array($0.dropFirst())] as WebData },
            "zone": request.zone.abbreviation(at: request.now), "clause": text.clause, "site": write.site,
            "message": WebData.ifAny(write.reason == "conflict" ? nil : write.message),
            "queuedAt": request.time.moment(write.createdAt, .seconds),
            "notAfter": WebData.ifAny(write.notAfter.map { request.time.moment($0) }),
            "retryUntil": WebData.ifAny(write.retryUntil.map { request.time.moment($0) }),
            "reservations": reservations(write),
            "attempts": attempts.map { attempt -> WebData in
                [
                    "when": request.time.moment(attempt.startedAt, .seconds),
                    "outcome": attempt.outcome ?? "no answer yet", "message": WebData.ifAny(attempt.message),
                    "request": WebData.ifAny(attempt.requestID),
                ]
            },
            "isConflict": write.state == .blocked && write.reason == "conflict",
            "mine": page.effect(ofMine: text), "theirs": page.effect(ofTheirs: text),
            "isAmbiguous": write.state == .blocked && write.reason == "ambiguous",
            "body": JSONValue.object(write.body).text(.pretty).split(separator: "\n").map(String.init),
        ]
        return WebPage(
            title: "Write \(write.id)", template: "write", data: data.adding(row(write, request)),
            table: WebTable(show: QueueRow(mutation: write, attempts: attempts), QueueRow.details))
    }

    // MARK: - Decisions

    static func cancel(_ request: WebRequest) async throws -> WebPage {
        let write = try request.manager.cancel(id(request), givesUp: request.form["give_up"] != nil)
        return decided(write, request)
    }

    static func retry(_ request: WebRequest) async throws -> WebPage {
        decided(try request.manager.retry(id(request)), request)
    }

    static func resolve(_ request: WebRequest) async throws -> WebPage {
        let decision: ConflictResolution
        switch request.form["decision"] {
        case "mine": decision = .mine
        case "theirs": decision = .theirs
        case "end":
            guard let end = try request.moment(request.form["end"]) else {
                throw WebError(.unprocessableContent, "Give the end that it shall have.")
            }
            decision = .values(["end_date": .string(end.blazarRequest)])
        case "adopt":
            guard let lease = request.form["lease"] else {
                throw WebError(.unprocessableContent, "Give the id of the lease that the creation became.")
            }
            decision = .adopt(leaseID: lease)
        case "create": decision = .create
        default: throw WebError(.unprocessableContent, "Decide for your values or for those on the server.")
        }
        return decided(try request.manager.resolve(id(request), decision), request)
    }

    private static func id(_ request: WebRequest) throws -> Int64 {
        guard let id = request.parameters["id"].flatMap({ Int64($0) }) else { throw WebError.notFound }
        return id
    }

    private static func decided(_ write: Mutation, _ request: WebRequest) -> WebPage {
        let clause = WriteText(mutation: write, time: request.time).clause
        let notice =
            switch write.state {
            case .queued: "Write \(write.id) is queued: \(clause). The next sync sends it."
            case .cancelled: "Write \(write.id) is canceled: \(clause)."
            default: "Write \(write.id) is \(write.state.rawValue): \(clause)."
            }
        return .redirect(to: request.link("/queue"), notice: notice)
    }

    // MARK: - What is shown

    private static func row(_ write: Mutation, _ request: WebRequest) -> WebData {
        let text = WriteText(mutation: write, time: request.time)
        let lease = write.leaseID ?? write.localID
        let canCancel = [.queued, .blocked, .waiting, .parked].contains(write.state)
        return [
            "key": "\(write.id)", "id": "\(write.id)", "href": request.link("/queue/\(write.id)"),
            "verb": write.verb.rawValue, "lease": write.leaseName,
            "leaseLink": WebData.ifAny(lease.map { request.link(lease: $0) }),
            "change": text.change.cut(to: 300),
            "state": write.state.rawValue, "style": StatusStyle.of(write.state.rawValue),
            "why": WebData.ifAny(text.why), "site": write.site, "attemptCount": write.attempts,
            "next": WebData.ifAny(
                write.state == .queued && write.attempts > 0 ? request.time.moment(write.nextAttemptAt, .seconds) : nil),
            "needsDecision": write.state.needsDecision, "canCancel": canCancel,
            "canGiveUp": [.sending, .unknown].contains(write.state),
            "canRetry": [.rejected, .parked].contains(write.state)
                || (write.state == .blocked && !["conflict", "ambiguous"].contains(write.reason)),
        ]
    }

    private static func reservations(_ write: Mutation) -> [String] {
        guard write.verb == .create else { return [] }
        return (write.body["reservations"]?.arrayValue ?? []).compactMap(\.objectValue).map {
            ReservationText(requesting: $0).all
        }
    }
}
