import Synchronization

/// A browser that has shown the one-time token.
struct WebSession: Sendable {
    /// What each of its forms must contain, so that another site's form does nothing.
    let formKey: String
    /// What was done, by the number in the address of the page that says so.
    fileprivate(set) var notices: [Int: String] = [:]
    fileprivate var lastNotice = 0
}

/// The browsers that may use the page.
///
/// The page's address contains a token that works once. The browser that uses it gets a secret of its own, in a cookie.
/// Secrets are in memory only: they end with the process.
final class WebSessions: Sendable {
    private struct State {
        var token = SessionSecret.make()
        var sessions: [String: WebSession] = [:]
        /// The secrets of the sessions, the oldest first.
        var order: [String] = []
    }

    /// The number of browsers that may be logged in at once. The oldest one is logged out for a new one.
    private static let maxSessions = 32
    private static let maxNotices = 20

    private let state = Mutex(State())

    /// The token that works next.
    var token: String { state.withLock { $0.token } }

    /// Accepts a token, which then never works again.
    ///
    /// - Returns: the secret of a new session; `nil` if it is not the token.
    func redeem(_ token: String) -> String? {
        state.withLock { state in
            guard SessionSecret.matches(token, state.token) else { return nil }
            state.token = SessionSecret.make()
            let secret = SessionSecret.make()
            state.sessions[secret] = WebSession(formKey: SessionSecret.make())
            state.order.append(secret)
            if state.order.count > Self.maxSessions { state.sessions[state.order.removeFirst()] = nil }
            return secret
        }
    }

    /// The session of a secret; `nil` if there is none.
    func session(_ secret: String) -> WebSession? { state.withLock { $0.sessions[secret] } }

    /// Keeps a notice for the page that a session goes to next.
    ///
    /// - Returns: its number.
    func keep(notice: String, for formKey: String) -> Int {
        state.withLock { state in
            guard let secret = state.sessions.first(where: { $0.value.formKey == formKey })?.key,
                var session = state.sessions[secret]
            else { return 0 }
            session.lastNotice += 1
            session.notices[session.lastNotice] = notice
            session.notices[session.lastNotice - Self.maxNotices] = nil
            state.sessions[secret] = session
            return session.lastNotice
        }
    }
}

/// Texts that nobody can guess.
enum SessionSecret {
    /// 256 random bits from the system's source for secrets, as text.
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(UInt64.random(in: .min ... .max, using: &generator), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// Whether two texts are the same, in a time that does not tell where they differ.
    static func matches(_ given: String, _ expected: String) -> Bool {
        let (left, right) = (Array(given.utf8), Array(expected.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
