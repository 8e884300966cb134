import HTTPTypes

/// A view, or an action on one: a path, and what answers it.
struct WebView: Sendable {
    typealias Handler = @Sendable (WebRequest) async throws -> WebPage

    /// The path, with variable parts in braces: `/leases/{id}`.
    let path: String
    let method: HTTPRequest.Method
    /// The name in the menu; `nil` if it is not there.
    let menu: String?
    /// The key that leads there, after `g`.
    let key: String?
    /// Whether it exists on a server with some settings.
    let isOffered: @Sendable (WebServer.Settings) -> Bool
    let answer: Handler

    /// A view, in all formats that it has.
    init(
        _ path: String, menu: String? = nil, key: String? = nil,
        isOffered: @escaping @Sendable (WebServer.Settings) -> Bool = { _ in true }, _ answer: @escaping Handler
    ) {
        self.path = path
        method = .get
        self.menu = menu
        self.key = key
        self.isOffered = isOffered
        self.answer = answer
    }

    /// An action, which a form asks for.
    static func action(_ path: String, _ answer: @escaping Handler) -> WebView {
        WebView(path, method: .post, answer)
    }

    private init(_ path: String, method: HTTPRequest.Method, _ answer: @escaping Handler) {
        self.path = path
        self.method = method
        menu = nil
        key = nil
        isOffered = { _ in true }
        self.answer = answer
    }

    /// The paths of the router. A variable part takes the ending that names a format with it.
    var routes: [String] {
        guard method == .get, path != "/", !path.hasSuffix("}") else { return [path] }
        return [path] + WebFormat.allCases.filter { $0 != .html }.map { "\(path).\($0.rawValue)" }
    }
}

extension WebView {
    /// Every view and action. The menu has those with a name, in this order.
    static let all: [WebView] = [
        WebView("/") { .redirect(to: $0.link($0.query.path("to") ?? "/leases"), notice: "") },
        WebView("/leases", menu: "Leases", key: "l", LeasesView.show),
        WebView("/leases/{id}", LeaseView.show),
        WebView("/leases/{id}/delete", LeaseView.askDeletion),
        .action("/leases/{id}/check", LeaseView.check),
        .action("/leases/{id}/delete", LeaseActions.delete),
        .action("/leases/{id}/extend", LeaseActions.extend),
        .action("/leases/{id}/rename", LeaseActions.rename),
        .action("/leases/{id}/shorten", LeaseActions.shorten),
        WebView("/new", NewView.show),
        .action("/new", NewView.create),
        .action("/new/check", NewView.check),
        WebView("/calendar", menu: "Calendar", key: "c", CalendarView.show),
        WebView("/queue", menu: "Queue", key: "q", QueueView.show),
        WebView("/queue/{id}", QueueView.showWrite),
        .action("/queue/{id}/cancel", QueueView.cancel),
        .action("/queue/{id}/retry", QueueView.retry),
        .action("/queue/{id}/resolve", QueueView.resolve),
        WebView("/reports", menu: "Reports", key: "r", isOffered: { $0.report != nil }, ReportsView.list),
        WebView("/reports/{name}", isOffered: { $0.report != nil }, ReportsView.show),
        WebView("/reports/{name}/file", isOffered: { $0.report != nil }, ReportsView.file),
        WebView("/sites", menu: "Sites", key: "s", SitesView.show),
        .action("/sites/sync", SitesView.sync),
    ]
}
