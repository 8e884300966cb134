import LeaseModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Which proxy a request uses, according to `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` in the environment.
///
/// Lower-case names win, as in curl and in Python's requests, which the OpenStack client uses.
package struct ProxySettings: Sendable, Hashable {
    /// A proxy, used with the method CONNECT.
    struct Server: Sendable, Hashable {
        var host: String
        var port: Int
        var userName: String?
        var password: Secret?
    }

    /// A proxy that is set but cannot be used. Ignoring it would send the request directly, although it was meant for
    /// the proxy.
    package struct Unusable: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    private var servers: [String: Result<Server, Unusable>] = [:]
    private var exceptions = ProxyExceptions("")

    /// No proxy.
    package init() {}

    /// Reads the settings from the environment.
    package init(environment: [String: String]) {
        func value(_ name: String) -> (name: String, text: String)? {
            [name.lowercased(), name.uppercased()].lazy
                .compactMap { key in environment[key].map { (key, $0) } }.first { !$0.1.isEmpty }
        }
        for scheme in ["http", "https"] {
            guard let (name, text) = value("\(scheme)_proxy") ?? value("all_proxy") else { continue }
            servers[scheme] = Result { () throws(Unusable) in try Self.server(text, variable: name.uppercased()) }
        }
        exceptions = ProxyExceptions(value("no_proxy")?.text ?? "")
    }

    private static func server(_ text: String, variable: String) throws(Unusable) -> Server {
        let url = text.contains("://") ? text : "http://\(text)"
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(), let host = parts.host,
            !host.isEmpty
        else { throw Unusable(description: "\(variable) is set, and is not the address of a proxy") }
        guard scheme == "http" else {
            throw Unusable(
                description:
                    "\(variable) names a proxy that is spoken to by \(scheme.escapedForTerminal), which is not "
                    + "supported (\(scheme.escapedForTerminal)://\(host.escapedForTerminal))")
        }
        return Server(
            host: host, port: parts.port ?? 3128, userName: parts.user, password: parts.password.map(Secret.init))
    }

    /// Checks whether a URL can be requested.
    ///
    /// - Throws: ``ServiceError`` of kind `configuration` if the URL needs a proxy that cannot be used.
    package func check(_ url: String, cloud: String) throws(ServiceError) {
        do throws(Unusable) {
            _ = try server(for: url)
        } catch {
            throw ServiceError(
                kind: .configuration,
                message: "cloud \"\(cloud.escapedForTerminal)\": \(error): set it to an http:// address, or name the "
                    + "host in NO_PROXY")
        }
    }

    /// The name of the proxy for a URL in messages; `nil` if there is none.
    package func route(to url: String) -> String? {
        guard let server = try? server(for: url) else { return nil }
        return "\(server.host.escapedForTerminal):\(server.port)"
    }

    /// The proxy for a URL; `nil` if the URL is requested directly.
    ///
    /// - Throws: ``Unusable`` if the URL needs a proxy that cannot be used.
    func server(for url: String) throws(Unusable) -> Server? {
        guard !servers.isEmpty, let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            let server = servers[scheme], let host = parts.host?.lowercased()
        else { return nil }
        let port = parts.port ?? (scheme == "https" ? 443 : 80)
        return exceptions.contains(host: host, port: port) ? nil : try server.get()
    }
}

/// The hosts of `NO_PROXY`: names, which include their subdomains, addresses, networks (`10.0.0.0/8`, `fd00::/8`), each
/// with an optional port; or `*` for all.
struct ProxyExceptions: Sendable, Hashable {
    private var items: [String]

    init(_ text: String) {
        items = text.split { $0 == "," || $0.isWhitespace }.map { $0.lowercased() }
    }

    func contains(host: String, port: Int) -> Bool {
        let host = Self.bare(host)
        let address = AddressBits(host)
        return items.contains { Self.matches(host, address, port, $0) }
    }

    /// The host without the brackets of an IPv6 address.
    private static func bare(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    private static func matches(_ host: String, _ address: AddressBits?, _ port: Int, _ item: String) -> Bool {
        if item == "*" { return true }
        if let slash = item.firstIndex(of: "/") {
            guard let address, let network = AddressBits(bare(String(item[..<slash]))),
                let length = Int(item[item.index(after: slash)...])
            else { return false }
            return address.isIn(network, prefixLength: length)
        }
        var name = item
        // A single colon, or one after a bracket, is followed by a port. Several colons are an IPv6 address.
        if let colon = name.lastIndex(of: ":"), let wanted = Int(name[name.index(after: colon)...]),
            name.hasPrefix("[") ? name[..<colon].hasSuffix("]") : name.count(where: { $0 == ":" }) == 1
        {
            guard wanted == port else { return false }
            name = String(name[..<colon])
        }
        name = bare(name)
        if let address, let other = AddressBits(name) { return address == other }
        if name.hasPrefix("*.") { name.removeFirst() }
        if name.hasPrefix(".") { name.removeFirst() }
        return !name.isEmpty && (host == name || (address == nil && host.hasSuffix(".\(name)")))
    }
}

/// The bits of an IP address.
private struct AddressBits: Hashable {
    private let bytes: [UInt8]

    init?(_ text: String) {
        for (family, size) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bits = [UInt8](repeating: 0, count: size)
            guard inet_pton(family, text, &bits) == 1 else { continue }
            bytes = bits
            return
        }
        return nil
    }

    func isIn(_ network: AddressBits, prefixLength: Int) -> Bool {
        guard bytes.count == network.bytes.count, (0...bytes.count * 8).contains(prefixLength) else { return false }
        return zip(bytes, network.bytes).enumerated().allSatisfy { index, pair in
            let kept = min(8, max(0, prefixLength - index * 8))
            let mask = kept == 0 ? 0 : UInt8.max << UInt8(8 - kept)
            return pair.0 & mask == pair.1 & mask
        }
    }
}
