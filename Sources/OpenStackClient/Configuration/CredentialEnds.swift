package import LeaseModel
import LocalFiles

/// When credentials end, if that is known, so that it can be shown offline. There is a small file for each cloud,
/// without a secret.
///
/// The end of a saved login is stored next to its refresh token. The end of an application credential or a token is
/// stored here, once a server has reported it.
package struct CredentialEnds: Sendable {
    private let folder: String

    package init(environment: [String: String], homeDirectory: String) {
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(homeDirectory)/.cache"
        folder = "\(cache)/leasehold/ends"
    }

    /// When the credential of a cloud ends, if that is known.
    package func end(of cloud: CloudConfiguration) -> LoginEnd? {
        if case .grant(_, let grant)? = cloud.credentials.login, let cache = grant.cache {
            guard let life = cache.life() else { return nil }
            let notice = max(300, min(86_400, life.endsAt.seconds(since: life.cachedAt) / 10))
            return LoginEnd(
                cloud: cloud.reference, kind: .login, endsAt: life.endsAt,
                tellsFrom: life.endsAt.adding(seconds: -notice))
        }
        guard let kind = cloud.credentials.endingKind,
            let bytes = try? InputFile.bytes(of: path(cloud), silenceLimitSeconds: 1),
            let end = (try? JSONValue(parsing: bytes))?["ends_at"]?.stringValue.flatMap(Timestamp.init(parsing:))
        else { return nil }
        return LoginEnd(cloud: cloud.reference, kind: kind, endsAt: end)
    }

    /// Records when a cloud's credential ends; `nil` if it never does. Errors in writing the file are ignored.
    package func note(_ end: Timestamp?, of cloud: CloudConfiguration) {
        guard cloud.credentials.endingKind != nil else { return }
        let path = path(cloud)
        guard let end else {
            try? PrivateFile.remove(path)
            return
        }
        guard self.end(of: cloud)?.endsAt != end else { return }
        let content: JSONValue = ["cloud": .string(cloud.reference.description), "ends_at": .string(end.iso8601)]
        guard (try? PrivateFile.makeFolder(of: path)) != nil else { return }
        try? PrivateFile.replace(path, with: Array((content.text() + "\n").utf8))
    }

    private func path(_ cloud: CloudConfiguration) -> String { "\(folder)/\(cloud.fingerprint).json" }
}

extension Credentials {
    /// The kind of credential that ends at a fixed time, if it is one.
    package var endingKind: LoginEnd.Kind? {
        switch self {
        case .applicationCredential: .applicationCredential
        case .token, .federated(_, .accessToken): .token
        case .federated(_, .grant(_, .browser)), .federated(_, .grant(_, .device)): .login
        case .password, .totp, .multifactor, .federated(_, .hub), .federated(_, .grant(_, .password)),
            .federated(_, .grant(_, .clientCredentials)), .federated(_, .grant(_, .code)):
            nil
        }
    }
}
