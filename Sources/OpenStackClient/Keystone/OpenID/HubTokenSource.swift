import LeaseModel

/// Gets its user's access token from a JupyterHub. The hub renews the token, so it is requested at every login to
/// Keystone.
struct HubTokenSource: Sendable {
    let hub: NotebookHub
    let failure: AuthenticationFailure
    let world: OpenIDTokenSource.Surroundings

    /// The margin, in seconds before its end, within which python-chi considers a token too old.
    private static var marginSeconds: Int64 { 60 }

    func accessToken() async throws(ServiceError) -> Secret {
        world.journal.begin(.provider)
        var base = hub.apiURL
        while base.hasSuffix("/") { base.removeLast() }
        // A request makes the hub renew a token that is about to end, but its answer may still contain the old one.
        for attempt in 1...2 {
            let reply = try await world.send(
                HTTPRequest(
                    method: "GET", url: "\(base)/users/\(EndpointURL.segment(hub.user))",
                    headers: ["Accept": "application/json", "Authorization": "token \(hub.token.reveal())"]))
            guard (200..<300).contains(reply.status) else { throw failure.hub(reply) }
            guard let state = reply.json?["auth_state"], let token = state["access_token"]?.stringValue, !token.isEmpty
            else { throw failure.hubWithoutToken(reply) }
            if let end = state["expires_at"]?.doubleValue, end.magnitude < 1e12, attempt == 1,
                Int64(end) - world.clock().secondsSince1970 < Self.marginSeconds
            {
                try? await world.sleep(1)
                continue
            }
            world.journal.finish(.provider, "JupyterHub at \(DisplayURL.text(base))")
            world.journal.finish(.token, AccessTokenFacts(token).text(now: world.clock()) ?? "access_token")
            return Secret(token)
        }
        throw failure.loginNeeded(hasEnded: true)
    }
}
