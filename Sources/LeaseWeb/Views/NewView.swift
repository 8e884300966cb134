import LeaseModel
import LeaseText
import Leasehold
import Output

/// A new lease: a form, checked by the review of `leasehold create`.
enum NewView {
    static func show(_ request: WebRequest) async throws -> WebPage {
        guard !request.isReadOnly else { throw WebError.notFound }
        var fields = request.query.without(["notice"])
        if let reference = request.query["from"] {
            let lease = try request.manager.lease(reference, scopes: request.scopes)
            fields = try DraftForm.repeating(lease)
        }
        return try page(DraftForm(fields: fields), request)
    }

    /// The same form, with what is wrong about it.
    static func check(_ request: WebRequest) async throws -> WebPage {
        try page(DraftForm(fields: request.form), request)
    }

    static func create(_ request: WebRequest) async throws -> WebPage {
        let form = DraftForm(fields: request.form)
        do {
            let (draft, remarks) = try form.draft(request)
            var result = try await request.manager.create(draft, cloud: form.cloud(request))
            result.notes = remarks + result.notes
            let notice = WriteNotice(result, request).text
            guard let id = result.mutation.leaseID ?? result.mutation.localID, result.mutation.state != .rejected else {
                return .redirect(to: request.link("/queue/\(result.mutation.id)"), notice: notice)
            }
            return .redirect(to: request.link(lease: id), notice: notice)
        } catch {
            return try page(form, request, problem: WebError(error).message).refused()
        }
    }

    private static func page(_ form: DraftForm, _ request: WebRequest, problem: String? = nil) throws -> WebPage {
        let chosen = form.cloud(request)
        let found = Result { () throws(LeaseholdError) in try request.manager.scope(ofCloud: chosen) }
        if case .failure(let error) = found, error.code == .configuration { return unconfigured(error) }
        let known = try found.get()
        var data = WebData(texts: DraftForm.textFields.map { ($0, (form.fields[$0] ?? "").escapedForField) })
        data["more"] = (form.fields["more"] ?? "").escapedForField
        data["review"] = review(form, request, problem)
        let clouds = DraftForm.clouds(request)
        data["clouds"] = clouds.map { ["name": $0, "chosen": $0 == chosen] as WebData }
        data["hasClouds"] = clouds.count > 1
        let scopes = known.map { Set([$0.id]) }
        data["nodeTypes"] = try values("node_type", .host, scopes, request)
        data["machineTypes"] = try values("machine_name", .device, scopes, request)
        data["flavors"] = try names(.flavor, scopes, request)
        data["networks"] = try names(.network, scopes, request)
        return WebPage(title: "New lease", template: "new", data: data).still()
    }

    /// The page while there is no cloud that a lease could be for.
    private static func unconfigured(_ error: LeaseholdError) -> WebPage {
        WebPage(
            title: "New lease", template: "unconfigured",
            data: ["problem": error.message.prefix(1).uppercased() + error.message.dropFirst()]
        ).still()
    }

    // MARK: - The review

    /// What is wrong with the draft, the command that does the same, and the request.
    private static func review(_ form: DraftForm, _ request: WebRequest, _ problem: String?) -> WebData {
        var data: WebData = [
            "isEmpty": form.isEmpty, "problem": WebData.ifAny(problem), "findings": [WebData](), "isGood": false,
            "summary": false, "command": WebData.ifAny(try? form.commandLine(request)), "body": false,
        ]
        guard !form.isEmpty else { return data }
        do {
            let (draft, remarks) = try form.draft(request)
            var findings = remarks.map { (isRefusal: false, text: $0) }
            findings += draft.problems(now: request.now).map { (true, $0.description) }
            if let scope = try request.manager.scope(ofCloud: form.cloud(request)) {
                let found = try request.manager.review(draft, scope: scope)
                findings += found.map { ($0.severity == .refusal, $0.message) }.filter { new in
                    !findings.contains { $0.text == new.1 }
                }
            } else {
                findings.append((false, "The cloud has not been synced yet, so what it has is not known."))
            }
            data["findings"] = findings.map { finding -> WebData in
                [
                    "label": finding.isRefusal ? "Blazar will refuse this" : "Warning", "text": finding.text,
                    "style": finding.isRefusal ? "bad" : "waiting",
                ]
            }
            data["isGood"] = findings.isEmpty
            let start: Timestamp = if case .at(let time) = draft.start { time } else { request.now }
            data["summary"] =
                "\(request.time.period(from: start, to: draft.endsAt)) "
                + "(\(TimeText.duration(seconds: draft.endsAt.seconds(since: start))))"
            data["body"] = JSONValue.object(draft.body).text(.pretty).split(separator: "\n").map(String.init)
        } catch {
            if problem == nil { data["problem"] = WebError(error).message }
        }
        return data
    }

    // MARK: - What there is to choose

    /// The most suggestions for a field.
    private static let maxChoices = 200

    private static func values(
        _ field: String, _ kind: ResourceKind, _ scopes: Set<Int64>?, _ request: WebRequest
    ) throws -> [String] {
        let found = try request.manager.listedResources(kind, scopes: scopes ?? request.scopes)
        return Array(Set(found.compactMap { $0.fields[field]?.stringValue }).sorted().prefix(maxChoices))
    }

    private static func names(
        _ kind: ResourceKind, _ scopes: Set<Int64>?, _ request: WebRequest
    ) throws -> [String] {
        let found = try request.manager.listedResources(kind, scopes: scopes ?? request.scopes)
        return Array(Set(found.compactMap(\.name)).sorted().prefix(maxChoices))
    }
}
