/// When what a cloud is logged in with ends, and what to do then.
public struct LoginEnd: Sendable, Hashable {
    /// What ends.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A kept login: a refresh token.
        case login
        /// An application credential.
        case applicationCredential = "application_credential"
        /// A token that somebody got elsewhere.
        case token
    }

    /// The cloud.
    public let cloud: CloudReference
    /// What ends.
    public let kind: Kind
    /// When it ends.
    public let endsAt: Timestamp
    /// From when on people are told without asking.
    public let tellsFrom: Timestamp

    /// Makes an end from its parts.
    ///
    /// - Parameters:
    ///   - cloud: the cloud.
    ///   - kind: what ends.
    ///   - endsAt: when.
    ///   - tellsFrom: from when on people are told without asking; by default some hours before it.
    public init(cloud: CloudReference, kind: Kind, endsAt: Timestamp, tellsFrom: Timestamp? = nil) {
        self.cloud = cloud
        self.kind = kind
        self.endsAt = endsAt
        // One that cc-login made lives for a day; told at once it would be no news.
        let notice: Int64 = kind == .token ? 600 : 4 * 3_600
        self.tellsFrom = tellsFrom ?? endsAt.adding(seconds: -notice)
    }

    /// What ends, when, and what to do; to be put behind the cloud's name.
    ///
    /// - Parameter now: the time.
    /// - Returns: the words.
    public func sentence(now: Timestamp) -> String {
        let verb = endsAt > now ? "ends" : "ended"
        let name = cloud.entry.escapedForTerminal
        let (what, step) =
            switch kind {
            case .login: ("login", "log in again: leasehold login \(name) --again")
            case .applicationCredential:
                (
                    "application credential",
                    "make another (cc-login, or the site's web page), or log in with leasehold login"
                )
            case .token: ("token", "get another, or log in with leasehold login")
            }
        return "the \(what) \(verb) at \(endsAt): \(step)"
    }
}
