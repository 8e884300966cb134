import LeaseModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The authorization code flow for a program on a person's own computer (RFC 8252). A person logs in with a browser,
/// and the provider sends the browser back to a port of this computer with a code.
struct BrowserLogin: Sendable {
    let source: OpenIDTokenSource
    let provider: OpenIDProvider
    let assistant: any LoginAssistant

    /// How long a person may take, in seconds: the usual lifetime of a device code.
    private static var patienceSeconds: Int64 { 600 }

    private var failure: AuthenticationFailure { source.failure }

    /// - Returns: the provider's answer with the tokens.
    func run(redirectURI: String?) async throws(ServiceError) -> AuthenticationReply {
        guard let endpoint = provider.authorizationEndpoint else {
            throw failure.noEndpoint("authorization_endpoint", setting: "discovery_endpoint")
        }
        let proof = DeviceLogin.offered(provider).map(ProofKey.init)
        let state = ProofKey.randomText(bytes: 16)
        let listener: LoopbackListener
        do {
            listener = try await LoopbackListener(redirectURI: redirectURI, state: state)
        } catch {
            throw failure.noListener(redirectURI: redirectURI, reason: error.text)
        }
        var query = [
            ("response_type", "code"), ("client_id", source.client.id), ("redirect_uri", listener.redirectURI),
            ("scope", source.client.scope), ("state", state),
        ]
        if let proof {
            query += [("code_challenge", proof.challenge), ("code_challenge_method", proof.method.rawValue)]
        }
        let end = source.world.clock().adding(seconds: Self.patienceSeconds)
        await assistant.invite(
            LoginInvitation(
                cloud: failure.cloud.displayName,
                address: endpoint + (endpoint.contains("?") ? "&" : "?") + EndpointURL.form(query), code: nil,
                completeAddress: nil, expiresAt: end))
        let outcome = await listener.outcome { [world = source.world, assistant] in
            _ = await world.pause(Double(Self.patienceSeconds), until: end, assistant)
        }
        await assistant.conclude()
        switch outcome {
        case .code(let code):
            var fields = [("redirect_uri", listener.redirectURI), ("code", code)]
            if let proof { fields.append(("code_verifier", proof.verifier.reveal())) }
            return try await source.exchange(fields + [("grant_type", "authorization_code")], at: provider)
        case .refused(let error): throw failure.browserRefused(error)
        case .nobody: throw failure.loginExpired()
        }
    }
}
