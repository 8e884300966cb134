import Synchronization

/// The host names under which the page is served.
///
/// A name that somebody else's DNS leads to this machine is not among them.
final class WebHosts: Sendable {
    /// The names that people allowed, with or without a port.
    private let allowed: Set<String>
    private let served = Mutex<Int?>(nil)

    init(allowed: [String]) { self.allowed = Set(allowed.map { $0.lowercased() }) }

    /// The port on which the page is served; `nil` before it is.
    var port: Int? { served.withLock { $0 } }

    /// Records the port on which the page is served.
    func serve(on port: Int) { served.withLock { $0 = port } }

    /// Whether a request's host is one of the page's: a name of the loopback with our port, or an allowed one.
    func admits(_ host: String) -> Bool {
        let host = host.lowercased()
        if allowed.contains(host) || allowed.contains(Self.name(host)) { return true }
        guard let port else { return false }
        return Self.loopback.contains { host == "\($0):\(port)" || (port == 80 && host == $0) }
    }

    /// Whether a request's origin is one of the page's. Only a proxy, whose name was allowed, may use TLS.
    func admits(origin: String) -> Bool {
        if origin.hasPrefix("http://") { return admits(String(origin.dropFirst(7))) }
        guard origin.hasPrefix("https://") else { return false }
        let host = String(origin.dropFirst(8)).lowercased()
        return allowed.contains(host) || allowed.contains(Self.name(host))
    }

    private static let loopback = ["127.0.0.1", "localhost", "[::1]"]

    /// A host without its port.
    private static func name(_ host: String) -> String {
        guard let colon = host.lastIndex(of: ":"), host[host.index(after: colon)...].allSatisfy(\.isNumber) else {
            return host
        }
        return String(host[..<colon])
    }
}
