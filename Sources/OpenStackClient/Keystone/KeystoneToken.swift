import LeaseModel

/// A token and what came with it.
struct KeystoneToken: Sendable {
    let secret: Secret
    let identity: TokenIdentity
    let catalogue: ServiceCatalogue
    /// When to get a new one, by this computer's clock.
    let renewAt: Timestamp
    /// When to use the saved login that it came from, so that the login stays valid.
    var keepLoginAt: Timestamp?
    /// Counts the tokens of a session, so that a caller can see whether the token was renewed.
    let generation: Int
}

/// When to get a new token.
enum TokenRenewal {
    /// How long before its end a token is replaced, in seconds. Blazar goes on to use a write's token at Nova and
    /// Keystone. If the token ends meanwhile, Blazar answers 500.
    static let marginSeconds: Int64 = 120
    /// The longest lifetime that is believed, in seconds. Keystone's own tokens last hours.
    static let maxLifeSeconds: Int64 = 86_400

    /// When to renew the token, by the local clock.
    ///
    /// The lifetime is the difference of the server's two times, and starts at the local time of the request, so that a
    /// wrong local clock does not make every token look expired. A short lifetime gets a tenth of it as margin.
    static func moment(requestedAt: Timestamp, issuedAt: Timestamp?, expiresAt: Timestamp) -> Timestamp {
        let life = min(max(0, expiresAt.seconds(since: issuedAt ?? requestedAt)), maxLifeSeconds)
        return requestedAt.adding(seconds: life - min(marginSeconds, life / 10))
    }
}
