import HTTPTypes
import Hummingbird
import LeaseModel
import LeaseText
import Leasehold
import NIOCore
import Output

/// The page: its views, and what they share.
final class WebSite: Sendable {
    let manager: LeaseManager
    let settings: WebServer.Settings
    let sessions = WebSessions()
    let hosts: WebHosts
    let live: WebLive
    let syncs: WebSyncs
    private let templates: WebTemplates

    /// - Throws: the parser's error if a template is wrong, which the tests exclude.
    init(manager: LeaseManager, settings: WebServer.Settings) throws {
        self.manager = manager
        self.settings = settings
        hosts = WebHosts(allowed: settings.allowedHosts)
        live = WebLive(manager: manager)
        syncs = WebSyncs(manager: manager, live: live)
        templates = try WebTemplates()
    }

    /// The name of the session's cookie. Browsers send a host's cookies to all of its ports, where other databases may
    /// be served.
    var cookieName: String { hosts.port.map { "leasehold-\($0)" } ?? "leasehold" }

    /// Called when a token has been used, so that the next one can be told.
    func tokenWasUsed() { settings.onToken(sessions.token) }

    /// The path of a request below the base path. A proxy may have taken the base path away.
    func path(of request: Request) -> String {
        let path = request.uri.path
        guard !settings.basePath.isEmpty, path.hasPrefix(settings.basePath + "/") else { return path }
        return String(path.dropFirst(settings.basePath.count))
    }

    // MARK: - Routes

    /// What answers requests.
    func router() -> Router<WebContext> {
        let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: WebGate(site: self))
        for base in Set(["", settings.basePath]) {
            for (path, asset) in WebTemplates.assets {
                router.get(RouterPath(base + path)) { _, _ in Self.response(asset.type, asset.bytes) }
            }
            router.get(RouterPath("\(base)/events")) { _, _ in try self.live.response() }
            for view in WebView.all where view.isOffered(settings) {
                for path in view.routes {
                    router.on(RouterPath(base + path), method: view.method) { request, context in
                        try await self.answer(view, request, context)
                    }
                }
            }
        }
        return router
    }

    private func answer(_ view: WebView, _ request: Request, _ context: WebContext) async throws -> Response {
        let (path, format) = WebFormat.split(path(of: request))
        var form = WebFields()
        if view.method == .post {
            form = WebFields(encoded: String(buffer: try await body(request)))
            guard let key = form["csrf"], let session = context.session, SessionSecret.matches(key, session.formKey)
            else {
                throw WebError(.forbidden, "The form is not from this session. Reload the page and send it again.")
            }
        }
        let parameters = context.parameters.map { name, value in
            (String(name), WebFormat.split(WebFields.decoded(value, plusIsSpace: false)).path)
        }
        let asked = WebRequest(
            site: self, format: format, path: path, parameters: Dictionary(parameters) { $1 },
            query: WebFields(encoded: request.uri.query ?? ""), form: form, session: context.session,
            now: manager.configuration.now())
        let page = try await DatabaseThreads.run { try await view.answer(asked) }
        return try await response(to: page, asked)
    }

    /// No form is longer. What is announced to be longer is not read.
    private static let maxFormBytes = 64 << 10

    private func body(_ request: Request) async throws -> ByteBuffer {
        let announced = request.headers[.contentLength].flatMap(Int.init) ?? 0
        let tooLarge = WebError(.contentTooLarge, "A form may have up to \(Self.maxFormBytes >> 10) kB.")
        guard announced <= Self.maxFormBytes else { throw tooLarge }
        do {
            return try await request.body.collect(upTo: Self.maxFormBytes)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    // MARK: - Answers

    private func response(to page: WebPage, _ request: WebRequest) async throws -> Response {
        switch page.content {
        case .redirect(let link, let notice):
            var link = link
            if let session = request.session {
                let number = sessions.keep(notice: notice, for: session.formKey)
                link += (link.contains("?") ? "&" : "?") + "notice=\(number)"
            }
            return .redirect(to: link)
        case .view(let template, let data, let table, let calendar):
            guard request.format != .html else {
                let text = try html(page, template: template, data: data, request)
                return Self.response(WebFormat.html.type, Array(text.utf8), status: page.status)
            }
            guard let table = request.format == .ics ? calendar : table else { throw WebError.notFound }
            return try await response(request.format.type, status: page.status, table.text(request.format))
        case .file(let name, let type, let text):
            guard request.format == .html else { throw WebError.notFound }
            var response = Self.response(type, Array(text.utf8))
            response.headers[.contentDisposition] = "attachment; filename=\"\(name)\""
            return response
        }
    }

    /// A text that is sent part by part, as it is read. An error before the first part is answered as any other.
    private func response(
        _ type: String, status: HTTPResponse.Status, _ text: any WebText
    ) async throws -> Response {
        @Sendable func next() async throws -> ByteBuffer? { try await DatabaseThreads.run { try await text.next() } }
        let first = try await next()
        if first == nil, type == WebFormat.ics.type {
            throw WebError(.notFound, "There is no lease, and no calendar is empty.")
        }
        return Response(
            status: status, headers: [.contentType: type],
            body: ResponseBody { writer in
                if let first { try await writer.write(first) }
                while let part = try await next() { try await writer.write(part) }
                try await writer.finish(nil)
            })
    }

    /// The answer to a request that fails: a page, or for programs the error as commands write it.
    func response(to error: WebError, _ request: Request, _ context: WebContext) -> Response {
        let format = WebFormat.split(path(of: request)).format
        guard format == .html else {
            let text = error.json.text(.pretty) + "\n"
            return Self.response(WebFormat.json.type, Array(text.utf8), status: error.status)
        }
        var page = WebPage(
            title: error.status.reasonPhrase, template: "error",
            data: [
                "message": error.message,
                "candidates": error.candidates.map { candidate -> WebData in
                    [
                        "name": candidate.name, "status": candidate.status.rawValue, "site": candidate.site,
                        "id": candidate.id,
                        "href": "\(settings.basePath)/leases/\(WebFields.encoded(candidate.id))",
                    ]
                },
            ])
        page.status = error.status
        page.isLive = false
        return response(to: page, session: context.session)
    }

    /// A page that needs no data.
    func response(to page: WebPage, session: WebSession?) -> Response {
        guard case .view(let template, let data, _, _) = page.content else { return Response(status: .noContent) }
        let request = WebRequest(
            site: self, format: .html, path: "", parameters: [:], query: WebFields(), form: WebFields(),
            session: session, now: manager.configuration.now())
        let text = (try? html(page, template: template, data: data, request)) ?? page.title
        return Self.response(WebFormat.html.type, Array(text.utf8), status: page.status)
    }

    private func html(_ page: WebPage, template: String, data: WebData, _ request: WebRequest) throws -> String {
        let shared: WebData = [
            "base": settings.basePath, "csrf": request.session?.formKey ?? "",
            "writable": !settings.isReadOnly && request.session != nil, "title": page.title,
            "zone": settings.zone.description(at: request.now),
        ]
        let main = try templates.render(template, data.adding(shared))
        let notice = request.query["notice"].flatMap(Int.init).flatMap { request.session?.notices[$0] }
        let menu = WebView.all.compactMap { view -> WebData? in
            guard let name = view.menu, view.isOffered(settings) else { return nil }
            let isHere = request.path == view.path || request.path.hasPrefix(view.path + "/")
            return ["name": name, "href": request.link(view.path), "key": view.key ?? "", "here": isHere]
        }
        let layout: WebData = [
            "main": main, "view": template, "menu": request.session == nil ? [] : menu,
            "notices": (notice ?? "").split(separator: "\n").map(String.init),
            "live": page.isLive && request.session != nil,
            "edition": WebTemplates.edition, "entry": template == "entry" ? data["entry"] ?? false : false,
            "isReadOnly": settings.isReadOnly, "version": LeaseManager.version,
            "now": request.time.zoned(request.now),
        ]
        return try templates.render("layout", layout.adding(shared))
    }

    private static func response(
        _ type: String, _ bytes: [UInt8], status: HTTPResponse.Status = .ok
    ) -> Response {
        var headers: HTTPFields = [.contentType: type]
        // An asset's address changes with its content.
        if !type.hasPrefix("text/html"), type != WebFormat.json.type {
            headers[.cacheControl] = "private, max-age=31536000, immutable"
        }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

extension WebPage {
    /// Leads a browser that has just logged in on to a path.
    static func entry(to path: String) -> WebPage {
        WebPage(title: "Leasehold", template: "entry", data: ["entry": path]).still()
    }
}
