import LeaseModel

/// A token with all that came with it.
struct KeystoneToken: Sendable {
    let secret: Secret
    let identity: TokenIdentity
    let catalogue: ServiceCatalogue
    /// From when on to get a new one, by this computer's clock.
    let renewAt: Timestamp
    /// From when on to use the kept login that it came from, so that the login lives on.
    var keepLoginAt: Timestamp?
    /// Counts the tokens of a session, so that a caller knows whether somebody else has renewed since.
    let generation: Int
}

/// When to get a new token.
enum TokenRenewal {
    /// How long before its end a token is replaced, in seconds. A write that leaves at the edge of a token's life is
    /// answered by Blazar with 500, as it goes on to use the token at Nova and Keystone.
    static let marginSeconds: Int64 = 120
    /// The longest life that is believed, in seconds: Keystone's own are of hours.
    static let maxLifeSeconds: Int64 = 86_400

    /// The moment of renewal by the local clock.
    ///
    /// The life is taken from the server's two times and counted from the local time of the request, so that a local
    /// clock that is wrong does not make every token look expired. A short life has a tenth of it as margin.
    static func moment(requestedAt: Timestamp, issuedAt: Timestamp?, expiresAt: Timestamp) -> Timestamp {
        let life = min(max(0, expiresAt.seconds(since: issuedAt ?? requestedAt)), maxLifeSeconds)
        return requestedAt.adding(seconds: life - min(marginSeconds, life / 10))
    }
}
