import LeaseModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An identity provider's description of itself (OpenID Connect Discovery 1.0), checked.
struct OpenIDProvider: Sendable {
    var tokenEndpoint: String?
    var deviceEndpoint: String?
    var authorizationEndpoint: String?
    var revocationEndpoint: String?
    /// `nil` if the description does not say.
    var grantTypes: [String]?
    var challengeMethods: [String] = []

    /// A provider of which only the configured endpoints are known.
    init() {}

    /// Parses a description.
    ///
    /// - Parameters:
    ///   - document: the document at the address.
    ///   - address: the discovery endpoint.
    /// - Throws: ``Problem`` if the description belongs to another provider, or would send secrets without TLS.
    init(_ document: JSONValue, from address: String) throws(Problem) {
        guard document.objectValue != nil else { throw Problem("it is no JSON object") }
        if let issuer = document["issuer"]?.stringValue, !Self.isIssuer(issuer, of: address) {
            throw Problem(
                "it is that of another provider (issuer \(DisplayURL.text(issuer))): an address of this kind ends in "
                    + "/.well-known/openid-configuration, behind the issuer's")
        }
        func endpoint(_ name: String) throws(Problem) -> String? {
            guard let url = document[name]?.stringValue, !url.isEmpty else { return nil }
            guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
                let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme)
            else { throw Problem("its \(name) is no URL") }
            guard scheme == "https" || !address.lowercased().hasPrefix("https:") else {
                throw Problem("its \(name) is http, where passwords and tokens could be read on the way")
            }
            return url
        }
        tokenEndpoint = try endpoint("token_endpoint")
        deviceEndpoint = try endpoint("device_authorization_endpoint")
        authorizationEndpoint = try endpoint("authorization_endpoint")
        revocationEndpoint = try endpoint("revocation_endpoint")
        grantTypes = document["grant_types_supported"]?.arrayValue?.compactMap(\.stringValue)
        challengeMethods = document["code_challenge_methods_supported"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// What is wrong with a description.
    struct Problem: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    private static func isIssuer(_ issuer: String, of address: String) -> Bool {
        let suffix = "/.well-known/openid-configuration"
        var (issuer, base) = (issuer, address)
        while issuer.hasSuffix("/") { issuer.removeLast() }
        guard base.hasSuffix(suffix) else {
            // keystoneauth accepts any address. Here, the server at least must be the issuer's.
            let (one, other) = (URLComponents(string: issuer), URLComponents(string: address))
            return one?.host?.lowercased() == other?.host?.lowercased() && one?.port == other?.port
        }
        base.removeLast(suffix.count)
        while base.hasSuffix("/") { base.removeLast() }
        return normalized(base) == normalized(issuer)
    }

    /// Scheme and host are compared case-insensitively.
    private static func normalized(_ url: String) -> String {
        guard var parts = URLComponents(string: url) else { return url }
        parts.scheme = parts.scheme?.lowercased()
        parts.host = parts.host?.lowercased()
        return parts.string ?? url
    }
}
