import HTTPTypes
import Hummingbird
import LeaseModel

/// What is known about a request beside its content.
struct WebContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The browser's session, which the gate has found.
    var session: WebSession?

    init(source: ApplicationRequestContextSource) { coreContext = CoreRequestContextStorage(source: source) }
}

/// Checks each request before any view sees it, and guards each answer.
///
/// A page on loopback is reachable by every program of this machine and, through a browser, by every site that the
/// person visits. So a request needs a host name that is ours (DNS rebinding), a cookie that only our own page sets,
/// and, to write, an origin that is ours and the session's key in the form.
struct WebGate: RouterMiddleware {
    let site: WebSite

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await admit(request, context, next)
        } catch {
            response = site.response(to: failure(error), request, context)
        }
        for (name, value) in Self.guards where response.headers[name] == nil { response.headers[name] = value }
        return response
    }

    private func admit(
        _ request: Request, _ context: WebContext, _ next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        guard let host = request.head.authority, site.hosts.admits(host) else {
            throw WebError(
                .misdirectedRequest,
                "This page is not served under that name. Start it with --allowed-host to use another one.")
        }
        let isReading = request.method == .get || request.method == .head
        guard isReading || request.method == .post else {
            throw WebError(.methodNotAllowed, "Only GET, HEAD and POST are understood.")
        }
        if !isReading {
            guard let origin = request.headers[.origin], site.hosts.admits(origin: origin) else {
                throw WebError(.forbidden, "The request does not come from this page, so it was refused.")
            }
            guard !site.settings.isReadOnly else {
                throw WebError(.forbidden, "This page was started with --read-only, so it changes nothing.")
            }
        }
        let path = site.path(of: request)
        if WebTemplates.assets[path] != nil { return try await next(request, context) }
        var context = context
        context.session = request.cookies[site.cookieName].flatMap { site.sessions.session($0.value) }
        let query = WebFields(encoded: request.uri.query ?? "")
        if path == "/", let token = query["token"], isReading {
            if let secret = site.sessions.redeem(token) {
                site.tokenWasUsed()
                return entry(secret, to: query.path("to") ?? "/leases")
            }
            guard context.session != nil else {
                throw WebError(.unauthorized, "The address has been used before; it works once. \(Self.advice)")
            }
        }
        guard context.session != nil else {
            throw WebError(.unauthorized, "This browser is not logged in. \(Self.advice)")
        }
        return try await next(request, context)
    }

    private static let advice = "Run `leasehold web` again: it opens the page in your browser."

    /// Logs a browser in.
    ///
    /// It is led on by a page of ours, not by a redirection: the browser would not send the cookie along if the first
    /// address was opened from another site.
    private func entry(_ secret: String, to path: String) -> Response {
        var response = site.response(to: .entry(to: path), session: nil)
        response.setCookie(
            Cookie(
                name: site.cookieName, value: secret, path: site.settings.basePath + "/", httpOnly: true,
                sameSite: .strict))
        return response
    }

    private func failure(_ error: any Error) -> WebError {
        guard let error = error as? HTTPError else { return WebError(error) }
        return error.status == .notFound ? .notFound : WebError(error.status, error.status.reasonPhrase)
    }

    /// What each answer tells the browser. Nothing is loaded from elsewhere, and no script or style is part of a page.
    private static let guards: [HTTPField.Name: String] = {
        var guards: [HTTPField.Name: String] = [
            .contentSecurityPolicy: """
            default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
            form-action 'self'; base-uri 'none'; frame-ancestors 'none'
            """,
            .xContentTypeOptions: "nosniff",
            .cacheControl: "no-store",
        ]
        let others = [
            // With 'no-referrer', browsers would send the origin 'null' with our own forms.
            "Referrer-Policy": "same-origin",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        ]
        for (name, value) in others {
            if let name = HTTPField.Name(name) { guards[name] = value }
        }
        return guards
    }()
}
