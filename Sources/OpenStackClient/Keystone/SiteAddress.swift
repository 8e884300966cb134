import LeaseModel

/// The site that a token leads to: the reservation service's public endpoint in the catalog, and its region.
///
/// The catalog decides this, not the configuration. So a cloud is one site however an entry spells its auth URL,
/// whichever interface it prefers, and whether or not it names the region.
package struct SiteAddress: Sendable, Hashable, CustomStringConvertible {
    /// The endpoint, normalized by ``EndpointURL/normalized(_:)``.
    package let endpoint: String
    /// The region in use; empty if neither the catalog nor the configuration names one.
    package let region: String

    /// Makes an address from an endpoint in any spelling.
    package init(endpoint: String, region: String) {
        self.endpoint = EndpointURL.normalized(endpoint)
        self.region = region
    }

    package var description: String { region.isEmpty ? endpoint : "\(endpoint) (region \(region))" }
}

extension ServiceCatalog {
    /// The site of a configured cloud.
    ///
    /// - Throws: ``ServiceError`` if the catalog has no reservation service for it, and no override replaces it.
    func site(of cloud: CloudConfiguration) throws(ServiceError) -> SiteAddress {
        let offered = endpoints(of: .reservation)
        guard let override = cloud.endpointOverrides[.reservation] else {
            let used = try endpoint(
                of: .reservation, region: cloud.region, interface: cloud.interface,
                cloud: "cloud \"\(cloud.displayName.escapedForTerminal)\"")
            return SiteAddress(
                endpoint: Self.publicURL(offered.filter { $0.region == used.region }) ?? used.url, region: used.region)
        }
        let region = cloud.region ?? Self.region(of: override, among: offered)
        let inRegion = offered.filter { $0.region == region }
        return SiteAddress(endpoint: Self.publicURL(inRegion) ?? override, region: region ?? "")
    }

    /// The region of an override without one: that of the same endpoint, or the only region there is.
    private static func region(of override: String, among offered: [Endpoint]) -> String? {
        let spelled = EndpointURL.normalized(override)
        if let same = offered.first(where: { EndpointURL.normalized($0.url) == spelled }) { return same.region }
        let regions = Set(offered.map(\.region))
        return regions.count == 1 ? regions.first : nil
    }

    /// The public endpoint, or a substitute if there is none. The result does not depend on the preferred interface or
    /// on the order of the catalog.
    private static func publicURL(_ endpoints: [Endpoint]) -> String? {
        let interfaces: [CloudConfiguration.Interface] = [.public, .internal, .admin]
        return interfaces.lazy.compactMap { interface in
            endpoints.filter { $0.interface == interface.rawValue }.map { EndpointURL.normalized($0.url) }.min()
        }.first
    }
}

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Builds and normalizes URLs.
enum EndpointURL {
    /// Keystone's version 3 root for an auth URL with or without `/v3`, without a trailing slash.
    static func identityRoot(_ authURL: String) -> String {
        var url = authURL
        while url.hasSuffix("/") { url.removeLast() }
        if url.hasSuffix("/auth/tokens") { url.removeLast("/auth/tokens".count) }
        if url.hasSuffix("/v3") { return url }
        if url.hasSuffix("/v2.0") { url.removeLast("/v2.0".count) }
        return url + "/v3"
    }

    /// The URL of a path below an endpoint.
    ///
    /// Some catalogs list Neutron's address with `/v2.0` and some without. If the path repeats the version, it is
    /// written once. Blazar has nothing at its root, so an endpoint that is only a host gets `/v1`.
    static func joined(endpoint: String, path: String, service: ServiceType) -> String {
        var base = endpoint
        while base.hasSuffix("/") { base.removeLast() }
        if service == .reservation, URLComponents(string: base)?.path.isEmpty == true, !path.hasPrefix("/v1/") {
            base += "/v1"
        }
        if let slash = base.lastIndex(of: "/") {
            let last = base[slash...]
            if isVersion(last.dropFirst()), path.hasPrefix("\(last)/") { base = String(base[..<slash]) }
        }
        return base + path
    }

    private static func isVersion(_ component: Substring) -> Bool {
        component.first == "v" && component.dropFirst().allSatisfy { $0.isNumber || $0 == "." } && component.count > 1
    }

    /// A single spelling for all URLs of an endpoint: scheme and host in lower case, no port if it is the scheme's
    /// default, no slash at the end, no user and no query.
    static func normalized(_ url: String) -> String {
        SiteEndpoint.normalized(url)
    }

    /// Encodes a text as one segment of a path.
    static func segment(_ text: String) -> String { encoded(text) }

    /// `application/x-www-form-urlencoded`.
    static func form(_ fields: [(String, String)]) -> String {
        fields.map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&")
    }

    /// Decodes a form's value.
    static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
