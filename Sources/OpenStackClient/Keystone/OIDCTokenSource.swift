import LeaseModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Gets an access token from an identity provider by OAuth 2.0's password grant, as Chameleon's users do.
///
/// Source: keystoneauth, `identity/v3/oidc.py`. Our lab has no identity provider: this runs in tests against a scripted
/// stand-in only.
struct OIDCTokenSource: Sendable {
    let grant: OIDCPasswordGrant
    let failure: AuthenticationFailure
    let send: @Sendable (HTTPRequest) async throws(ServiceError) -> AuthenticationReply

    func accessToken() async throws(ServiceError) -> Secret {
        let url = try await endpoint()
        var fields = [
            ("grant_type", "password"), ("username", grant.userName), ("password", grant.password.reveal()),
            ("scope", grant.scope),
        ]
        var headers: HTTPFields = [
            "Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded",
        ]
        if let secret = grant.clientSecret {
            let pair = "\(grant.clientID):\(secret.reveal())"
            headers["Authorization"] = "Basic \(Data(pair.utf8).base64EncodedString())"
        } else {
            fields.append(("client_id", grant.clientID))
        }
        let reply = try await send(
            HTTPRequest(method: "POST", url: url, headers: headers, body: Array(EndpointURL.form(fields).utf8)))
        guard (200..<300).contains(reply.status) else { throw failure.identityProvider(reply) }
        guard let token = reply.json?[grant.accessTokenType]?.stringValue, !token.isEmpty else {
            throw failure.unusable(
                reply, "the identity provider's answer holds no \(grant.accessTokenType.escapedForTerminal)")
        }
        return Secret(token)
    }

    private func endpoint() async throws(ServiceError) -> String {
        if let endpoint = grant.accessTokenEndpoint { return endpoint }
        let reply = try await send(
            HTTPRequest(
                method: "GET", url: grant.discoveryEndpoint ?? "", headers: ["Accept": "application/json"]))
        guard (200..<300).contains(reply.status) else { throw failure.identityProvider(reply) }
        guard let endpoint = reply.json?["token_endpoint"]?.stringValue, endpoint.contains("://") else {
            throw failure.unusable(reply, "the identity provider's description names no token_endpoint")
        }
        return endpoint
    }
}
