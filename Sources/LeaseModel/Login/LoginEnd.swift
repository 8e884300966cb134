/// When a cloud's login or credential expires, and what to do about it.
public struct LoginEnd: Sendable, Hashable {
    /// What expires.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A stored login: a refresh token.
        case login
        /// An application credential.
        case applicationCredential = "application_credential"
        /// A token that the user got elsewhere.
        case token
    }

    /// The cloud.
    public let cloud: CloudReference
    /// What expires.
    public let kind: Kind
    /// When it expires.
    public let endsAt: Timestamp
    /// When to begin warning people unprompted.
    public let tellsFrom: Timestamp

    /// Makes an end from its parts.
    ///
    /// - Parameters:
    ///   - cloud: the cloud.
    ///   - kind: what expires.
    ///   - endsAt: when it expires.
    ///   - tellsFrom: when to begin warning people unprompted; by default 10 minutes before a token expires, and 4
    ///     hours before anything else does.
    public init(cloud: CloudReference, kind: Kind, endsAt: Timestamp, tellsFrom: Timestamp? = nil) {
        self.cloud = cloud
        self.kind = kind
        self.endsAt = endsAt
        // An application credential made by cc-login is valid for a day only: an earlier warning would be noise.
        let notice: Int64 = kind == .token ? 600 : 4 * 3_600
        self.tellsFrom = tellsFrom ?? endsAt.adding(seconds: -notice)
    }

    /// What expires, when, and what to do about it. The sentence follows the cloud's name.
    ///
    /// - Parameter now: the current time.
    /// - Returns: the sentence.
    public func sentence(now: Timestamp) -> String {
        let verb = endsAt > now ? "ends" : "ended"
        let name = cloud.entry.escapedForTerminal
        let (what, step) =
            switch kind {
            case .login: ("login", "log in again: leasehold login \(name) --again")
            case .applicationCredential:
                (
                    "application credential",
                    "create a new one (cc-login, or the site's web page), or log in with leasehold login"
                )
            case .token: ("token", "get a new one, or log in with leasehold login")
            }
        return "the \(what) \(verb) at \(endsAt): \(step)"
    }
}
