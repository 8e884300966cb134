import LeaseModel
import LocalFiles

/// A refresh token in a file: a login that outlives the process.
///
/// The file has ccauth's format and may be shared with it: `{"refresh_token": …, "cached_at": …}`. Only its owner can
/// read it, and it is replaced as a whole. A provider may issue a new refresh token at each use, and treat a second use
/// of the old one as theft, which ends the login. So a process that uses the token holds a lock from reading the file
/// to writing it. The lock is on a separate file next to it, and is released if the process ends.
package struct RefreshTokenCache: Sendable, Hashable {
    package let path: String

    package init(path: String) { self.path = path }

    /// ccauth's file.
    static func shared(environment: [String: String], homeDirectory: String) -> RefreshTokenCache {
        let folder = environment["CC_LOGIN_STATE"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(homeDirectory)/.cache/ccauth"
        return RefreshTokenCache(path: "\(folder)/refresh_token.json")
    }

    /// A file of this program, for one client of one provider.
    static func own(
        of client: OpenIDClient, environment: [String: String], homeDirectory: String
    ) -> RefreshTokenCache {
        let folder = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(homeDirectory)/.cache"
        let provider = client.discoveryEndpoint ?? client.accessTokenEndpoint ?? ""
        let digest = ContentDigest.digest(of: Array("\(provider)\n\(client.id)".utf8))
        let name = String(digest, radix: 16)
        return RefreshTokenCache(path: "\(folder)/leasehold/login-\(name).json")
    }

    private var lockPath: String { path + ".lock" }

    // MARK: Reading and writing

    /// The token, or `nil` if there is none.
    ///
    /// - Throws: ``ServiceError`` of kind `configuration` if there is a file that cannot be understood.
    package func read() throws(ServiceError) -> Secret? {
        let bytes: [UInt8]
        do throws(FileProblem) {
            bytes = try InputFile.bytes(of: path, silenceLimitSeconds: 1)
        } catch {
            if error == .missing { return nil }
            throw failure("cannot be read (\(error.clause))", "correct its owner and its mode, which is 0600")
        }
        if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0A }) { return nil }
        guard let token = (try? JSONValue(parsing: bytes))?["refresh_token"]?.stringValue else {
            throw failure("holds no refresh token", "remove it, and log in again")
        }
        return token.isEmpty ? nil : Secret(token)
    }

    /// When the token was saved, and when it ends; `nil` if there is no token or its end is not known.
    ///
    /// ccauth does not store the end. A token that is a JWT, such as Keycloak's, contains it.
    func life() -> (cachedAt: Timestamp, endsAt: Timestamp)? {
        guard let bytes = try? InputFile.bytes(of: path, silenceLimitSeconds: 1),
            let content = try? JSONValue(parsing: bytes), let cachedAt = Self.moment(content["cached_at"]),
            let token = content["refresh_token"]?.stringValue,
            let endsAt = Self.moment(content["expires_at"]) ?? AccessTokenFacts(token).endsAt
        else { return nil }
        return (cachedAt, endsAt)
    }

    private static func moment(_ value: JSONValue?) -> Timestamp? {
        guard let seconds = value?.doubleValue, seconds > 0, seconds < 1e11 else { return nil }
        return Timestamp(secondsSince1970: Int64(seconds))
    }

    /// Writes a token to the file. The lock must be held.
    ///
    /// - Parameters:
    ///   - token: the token.
    ///   - now: the time.
    ///   - lifeSeconds: the token's lifetime; `nil` if the provider did not report it.
    /// - Throws: ``ServiceError`` of kind `configuration` if the file cannot be written.
    func write(_ token: Secret, at now: Timestamp, lifeSeconds: Double? = nil) throws(ServiceError) {
        func number(_ seconds: Double) -> JSONValue { JSONNumber(seconds).map(JSONValue.number) ?? .null }
        let cachedAt = Double(now.secondsSince1970)
        var content: JSONObject = ["refresh_token": .string(token.reveal()), "cached_at": number(cachedAt)]
        // With Keycloak, 0 means that the token does not end.
        if let lifeSeconds, lifeSeconds > 0, lifeSeconds < 1e10 {
            content["expires_at"] = number(cachedAt + lifeSeconds)
        }
        let text = JSONValue.object(content).text()
        try writing { () throws(FileProblem) in
            try PrivateFile.replace(path, with: Array(text.utf8))
        }
    }

    /// Removes the token. The lock must be held.
    func remove() throws(ServiceError) {
        try writing { () throws(FileProblem) in try PrivateFile.remove(path) }
    }

    /// Whether anybody except the owner can read the file.
    package var isExposed: Bool { (FileFacts(path: path)?.permissions ?? 0) & 0o077 != 0 }

    // MARK: The lock

    /// Runs the body while no other process, and no other task of this one, uses the token.
    ///
    /// - Parameters:
    ///   - sleep: waits for this number of seconds. It must not block a thread, because the holder of the lock may need
    ///     it.
    ///   - body: the work. It is not canceled midway, because a token that the provider has replaced must be written.
    /// - Returns: the body's result.
    /// - Throws: ``ServiceError`` if the lock cannot be taken, or the body's error.
    func locked<Value: Sendable>(
        sleep: @escaping @Sendable (Double) async throws -> Void,
        _ body: @escaping @Sendable () async throws(ServiceError) -> Value
    ) async throws(ServiceError) -> Value {
        try writing { () throws(FileProblem) in try PrivateFile.makeFolder(of: path) }
        let lock = try await lock(sleep: sleep)
        defer { withExtendedLifetime(lock) {} }
        let outcome = await Task<Result<Value, ServiceError>, Never> {
            do throws(ServiceError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }.value
        return try outcome.get()
    }

    private static var maxWaitSeconds: Double { 300 }

    private func lock(sleep: @Sendable (Double) async throws -> Void) async throws(ServiceError) -> LockHolder {
        var waited = 0.0
        while true {
            if let holder = try writing({ () throws(FileProblem) in try LockHolder(path: lockPath) }) { return holder }
            guard waited < Self.maxWaitSeconds else {
                throw ServiceError(
                    kind: .transport(.timedOut, .beforeSending),
                    message: "another process has been using the login in \(path.escapedForTerminal) for "
                        + "\(Int(Self.maxWaitSeconds)) s: end it, or try again later")
            }
            let pause = Double.random(in: 0.01...0.05)
            waited += pause
            guard (try? await sleep(pause)) != nil else {
                throw ServiceError(
                    kind: .transport(.cancelled, .beforeSending), message: "canceled while waiting for a login")
            }
        }
    }

    /// A lock that can be kept across a suspension.
    private final class LockHolder: Sendable {
        private let file: LockFile

        init?(path: String) throws(FileProblem) {
            guard let file = try LockFile(path: path) else { return nil }
            self.file = file
        }
    }

    // MARK: Messages

    private func writing<Value>(_ body: () throws(FileProblem) -> Value) throws(ServiceError) -> Value {
        do throws(FileProblem) {
            return try body()
        } catch {
            throw failure(
                "cannot be written (\(error.clause))", "make room, or set CC_LOGIN_STATE to a writable folder")
        }
    }

    private func failure(_ problem: String, _ step: String) -> ServiceError {
        ServiceError(
            kind: .configuration, message: "the file of your login, \(path.escapedForTerminal), \(problem): \(step)")
    }
}
