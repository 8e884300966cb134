import HTTPTypes
import LeaseModel
import LeaseText
import Leasehold
import Output

/// What the forms of a lease's page do. Each write is reviewed and queued by the code of the commands.
enum LeaseActions {
    static func extend(_ request: WebRequest) async throws -> WebPage {
        let end = try newEnd(request)
        return try await change(.extend, request) { target in
            ["end_date": .string(try end.moment(target, request).blazarRequest)]
        }
    }

    static func shorten(_ request: WebRequest) async throws -> WebPage {
        let end = try newEnd(request)
        return try await change(.update, request) { target in
            let moment = try end.moment(target, request)
            if let present = target.endsAt?.truncatedToMinute, moment.truncatedToMinute >= present {
                throw WebError(
                    .unprocessableContent,
                    """
                    "\(target.name)" ends at \(request.time.zoned(present)), not later than that: to shorten it, give \
                    an earlier time, or -2h for two hours less. Nothing is queued.
                    """, code: "invalid")
            }
            return ["end_date": .string(moment.blazarRequest)]
        }
    }

    static func rename(_ request: WebRequest) async throws -> WebPage {
        guard let name = request.form["name"] else {
            throw WebError(.unprocessableContent, "A lease needs a name.")
        }
        return try await change(.update, request) { _ in ["name": .string(name)] }
    }

    static func delete(_ request: WebRequest) async throws -> WebPage {
        try await change(.delete, request) { _ in [:] }
    }

    private static func newEnd(_ request: WebRequest) throws -> NewEnd {
        guard let text = request.form["end"] else {
            throw WebError(.unprocessableContent, "Give an end: a time, or +2d or -2h from the present end.")
        }
        return NewEnd(parsing: text)
    }

    private static func change(
        _ verb: Mutation.Verb, _ request: WebRequest, fields: (WriteTarget) throws -> JSONObject
    ) async throws -> WebPage {
        let id = request.parameters["id"] ?? ""
        let result = try await request.manager.change(verb, id, clouds: request.clouds, fields: fields)
        let isGone = verb == .delete && LocalID.isOne(id)
        return .redirect(
            to: isGone ? request.link("/leases") : request.link(lease: id), notice: WriteNotice(result, request).text)
    }
}

/// What came of a write, for the page that follows.
struct WriteNotice {
    /// The sentences, one a line.
    let text: String

    init(_ result: WriteResult, _ request: WebRequest) {
        let write = result.mutation
        var lines = [WriteOutcome(result: result).line(request.style)].compactMap(\.self)
        switch write.state {
        case .queued:
            lines.append(
                "Not sent yet: \(result.pause ?? write.message ?? "it waits for an earlier write"). The next sync sends it."
            )
        case .sending, .unknown:
            lines.append(
                write.message ?? "Whether the server carried it out is not known yet. The next sync finds out.")
        case .cancelled where write.verb == .create && write.id != 0:
            lines.append("The creation had not been sent, and was canceled.")
        case .accepted, .settled: break
        default:
            lines.append(
                "\(write.message ?? "It is \(write.state.rawValue).")"
                    + (write.id != 0 ? " It is kept as write \(write.id): see Queue." : ""))
        }
        lines += result.warnings.map {
            "\($0.severity == .refusal ? "Blazar will refuse this" : "Warning"): \($0.message)"
        }
        lines += result.notes.filter { !lines.contains($0) }
        text = lines.joined(separator: "\n")
    }
}
