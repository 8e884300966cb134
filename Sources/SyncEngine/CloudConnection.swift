import BlazarClient
package import LeaseModel
package import OpenStackClient

/// A connection to a cloud: its configuration, and a session that logs in when it is first used.
package struct CloudConnection: Sendable {
    package let cloud: CloudConfiguration
    /// A fingerprint of the configuration. If it differs, the configuration has changed.
    package let fingerprint: String
    package let session: any ServiceSession
    /// The current time by the cloud's clock, as far as it is known.
    let now: @Sendable () -> Timestamp
    /// A record of when credentials expire; `nil` if none is kept.
    let ends: CredentialEnds?
    private let shutDown: @Sendable () async -> Void

    /// Makes a connection with a given session, as tests do.
    ///
    /// - Parameters:
    ///   - cloud: the configuration.
    ///   - session: the session.
    ///   - now: the local clock.
    ///   - ends: a record of when credentials expire; `nil` if none is kept.
    ///   - shutDown: closes the connections.
    package init(
        cloud: CloudConfiguration, session: any ServiceSession, now: @escaping @Sendable () -> Timestamp,
        ends: CredentialEnds? = nil, shutDown: @escaping @Sendable () async -> Void = {}
    ) {
        self.ends = ends
        self.cloud = cloud
        fingerprint = cloud.fingerprint
        self.session = session
        self.now = { session.time?.now ?? now() }
        self.shutDown = shutDown
    }

    /// The reference by which the cloud is looked up.
    package var reference: CloudReference { cloud.reference }
    /// The name to show to people. The cloud cannot be looked up by it.
    package var name: String { cloud.displayName }

    /// The `Date` of an answer, unless it cannot come from the cloud's clock.
    func confirmed(_ date: Timestamp?, sent: Timestamp) -> Timestamp? {
        session.time.map { $0.confirmed(date, sent: sent) } ?? date
    }

    /// A remark about the local clock; `nil` if it agrees with the cloud's clock, or nearly so.
    package var clockRemark: String? {
        guard let ahead = session.time?.secondsAhead, ahead.magnitude >= Self.remarkedSeconds else { return nil }
        return """
            The clock of this computer is \(Self.length(ahead)) \(ahead > 0 ? "ahead of" : "behind") that of cloud \
            \(name). Observations are dated by the cloud's clock. Set the clock of this computer.
            """
    }

    /// How far the cloud's clock is from the local one, such as "2 seconds behind"; `nil` if they agree, or if no login
    /// has compared them.
    var clockDifference: String? {
        guard let ahead = session.time?.secondsAhead, ahead != 0 else { return nil }
        return "\(Self.length(ahead)) \(ahead > 0 ? "behind" : "ahead")"
    }

    private static func length(_ seconds: Int64) -> String {
        let (count, unit) =
            seconds.magnitude >= 86_400 ? (seconds.magnitude / 86_400, "day") : (seconds.magnitude, "second")
        return "\(count) \(unit)\(count == 1 ? "" : "s")"
    }

    /// The smallest difference between the clocks that is worth a remark, in seconds.
    private static let remarkedSeconds: UInt64 = 60

    var blazar: BlazarAPI { BlazarAPI(session: session, now: now) }
    var compute: ComputeAPI { ComputeAPI(session: session, now: now) }
    var network: NetworkAPI { NetworkAPI(session: session, now: now) }
    var identity: IdentityAPI { IdentityAPI(session: session, now: now) }

    /// Closes the connections. Call it when the cloud is no longer needed.
    package func close() async { await shutDown() }
}

extension CloudConnection {
    /// When the login or credential expires, as far as is known.
    package var loginEnd: LoginEnd? { ends?.end(of: cloud) }

    /// Asks when the credential expires, and records it. Errors are ignored: nothing depends on this.
    func noteLoginEnd() async {
        guard let ends, let identity = try? await session.identity() else { return }
        switch cloud.credentials {
        case .applicationCredential(let reference, _):
            let answer = try? await self.identity.end(ofApplicationCredential: reference, user: identity.userID)
            if case .listed(let end)? = answer { ends.note(end, of: cloud) }
        case .token, .federated(_, .accessToken):
            // A token for the project expires together with the token from which it was obtained.
            ends.note(identity.expiresAt, of: cloud)
        case .password, .totp, .multifactor, .federated: break
        }
    }

    /// Adds a warning to a report if the login is about to expire or has expired.
    func warning(of report: SyncReport, asks: Bool) async -> SyncReport {
        if asks, report.failure == nil { await noteLoginEnd() }
        let now = now()
        // A rejected login has been reported already.
        guard report.failure != .authentication, let end = loginEnd, now >= end.tellsFrom else { return report }
        var report = report
        report.warnings.append(end.sentence(now: now))
        return report
    }
}
