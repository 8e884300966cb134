#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which proxy a request goes through, by the environment's `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
///
/// Lower-case names win, as in curl and in Python's requests, which the OpenStack client uses.
package struct ProxySettings: Sendable, Hashable {
    /// A proxy, spoken to with the method CONNECT.
    struct Server: Sendable, Hashable {
        var host: String
        var port: Int
        var userName: String?
        var password: Secret?
    }

    private var servers: [String: Server] = [:]
    private var exceptions: [String] = []

    /// No proxy.
    package init() {}

    /// What the environment says. A proxy that is not an `http://` URL is ignored.
    package init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            [name.lowercased(), name.uppercased()].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        for scheme in ["http", "https"] {
            guard let text = value("\(scheme)_proxy") ?? value("all_proxy") else { continue }
            servers[scheme] = Self.server(text)
        }
        exceptions = (value("no_proxy") ?? "").split(separator: ",").map {
            $0.trimmingPrefix { $0 == " " }.lowercased().replacing(" ", with: "")
        }
    }

    private static func server(_ text: String) -> Server? {
        let url = text.contains("://") ? text : "http://\(text)"
        guard let parts = URLComponents(string: url), parts.scheme == "http", let host = parts.host, !host.isEmpty
        else { return nil }
        return Server(
            host: host, port: parts.port ?? 3128, userName: parts.user, password: parts.password.map(Secret.init))
    }

    /// The proxy for a URL, or `nil` if it is to be asked directly.
    func server(for url: String) -> Server? {
        guard !servers.isEmpty, let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            let server = servers[scheme], let host = parts.host?.lowercased()
        else { return nil }
        let port = parts.port ?? (scheme == "https" ? 443 : 80)
        return exceptions.contains { Self.matches(host: host, port: port, exception: $0) } ? nil : server
    }

    private static func matches(host: String, port: Int, exception: String) -> Bool {
        if exception == "*" { return true }
        var name = exception
        if let colon = name.lastIndex(of: ":"), let exceptionPort = Int(name[name.index(after: colon)...]) {
            guard exceptionPort == port else { return false }
            name = String(name[..<colon])
        }
        if name.hasPrefix(".") { name.removeFirst() }
        return !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
    }
}
