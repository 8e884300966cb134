import LeaseModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The device flow (RFC 8628). A person opens an address on any device and enters a code, while this program polls.
struct DeviceLogin: Sendable {
    let source: OpenIDTokenSource
    let provider: OpenIDProvider
    let assistant: any LoginAssistant

    private var failure: AuthenticationFailure { source.failure }

    /// - Returns: the provider's answer with the tokens.
    func run(_ device: OpenIDDevice) async throws(ServiceError) -> AuthenticationReply {
        guard let endpoint = device.endpoint ?? provider.deviceEndpoint else {
            throw failure.noEndpoint("device_authorization_endpoint", setting: "device_authorization_endpoint")
        }
        let proof = (device.challengeMethod ?? Self.offered(provider)).map(ProofKey.init)
        var fields = [("client_id", source.client.id), ("scope", source.client.scope)]
        if let proof {
            fields += [("code_challenge_method", proof.method.rawValue), ("code_challenge", proof.challenge)]
        }
        let reply = try await source.post(fields, to: endpoint)
        guard (200..<300).contains(reply.status) else { throw failure.identityProvider(reply) }
        guard let json = reply.json, let deviceCode = json["device_code"]?.stringValue,
            let userCode = json["user_code"]?.stringValue, let address = Self.address(json["verification_uri"]),
            let life = json["expires_in"]?.doubleValue, life > 0
        else { throw failure.unusable(reply, "the identity provider's answer holds no device code and address") }
        let end = source.world.clock().adding(seconds: Int64(min(life, 86_400)))
        await assistant.invite(
            LoginInvitation(
                cloud: failure.cloud.displayName, address: address, code: userCode,
                completeAddress: Self.address(json["verification_uri_complete"]), expiresAt: end))
        let interval = min(max(json["interval"]?.doubleValue ?? 5, 1), 300)
        do {
            let answer = try await poll(Secret(deviceCode), proof, every: interval, until: end)
            await assistant.conclude()
            return answer
        } catch {
            await assistant.conclude()
            throw error
        }
    }

    private func poll(
        _ deviceCode: Secret, _ proof: ProofKey?, every seconds: Double, until end: Timestamp
    ) async throws(ServiceError) -> AuthenticationReply {
        var fields = [("device_code", deviceCode.reveal())]
        if let proof { fields.append(("code_verifier", proof.verifier.reveal())) }
        fields += [("grant_type", source.grant.name), ("client_id", source.client.id)]
        var interval = seconds
        while true {
            do throws(ServiceError) {
                let reply = try await source.postForToken(fields, at: provider)
                if (200..<300).contains(reply.status) { return reply }
                switch reply.oauthError {
                case "authorization_pending": break
                case "slow_down": interval += 5
                case "access_denied": throw failure.loginDenied(reply)
                case "expired_token": throw failure.loginExpired()
                default: throw failure.identityProvider(reply)
                }
            } catch {
                // An occasional connection failure should not make a person start again.
                guard case .transport(let kind, _) = error.kind, kind != .cancelled else { throw error }
                interval = min(interval * 2, 60)
            }
            guard await source.world.pause(interval, until: end, assistant) else {
                throw ServiceError(
                    kind: .transport(.cancelled, .beforeSending), message: "canceled while waiting for a login")
            }
            guard source.world.clock() < end else { throw failure.loginExpired() }
        }
    }

    static func offered(_ provider: OpenIDProvider) -> ProofKey.Method? {
        provider.challengeMethods.contains(ProofKey.Method.s256.rawValue) ? .s256 : nil
    }

    /// An address that is safe to open in a browser.
    private static func address(_ value: JSONValue?) -> String? {
        guard let text = value?.stringValue, let parts = URLComponents(string: text),
            ["http", "https"].contains(parts.scheme?.lowercased()), parts.host?.isEmpty == false
        else { return nil }
        return text
    }
}
