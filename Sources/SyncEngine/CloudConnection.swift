import BlazarClient
package import LeaseModel
package import OpenStackClient

/// A cloud that can be asked: its configuration, and a session that logs in when it is first used.
package struct CloudConnection: Sendable {
    package let cloud: CloudConfiguration
    /// What tells whether its configuration is still what it was.
    package let fingerprint: String
    package let session: any ServiceSession
    /// The time by the cloud's clock, as far as it is known.
    let now: @Sendable () -> Timestamp
    /// What is known of when credentials end; `nil` if nothing is kept of that.
    let ends: CredentialEnds?
    private let shutDown: @Sendable () async -> Void

    /// Connects a cloud by a session that something else keeps, as tests do.
    ///
    /// - Parameters:
    ///   - cloud: the configuration.
    ///   - session: the session.
    ///   - now: the computer's clock.
    ///   - ends: what is known of when credentials end; `nil` if nothing is kept of that.
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

    /// What the cloud is found by.
    package var reference: CloudReference { cloud.reference }
    /// What to call the cloud in front of a person; nothing can be looked up by it.
    package var name: String { cloud.displayName }

    /// The `Date` of an answer, unless it cannot have been the cloud's.
    func confirmed(_ date: Timestamp?, sent: Timestamp) -> Timestamp? {
        session.time.map { $0.confirmed(date, sent: sent) } ?? date
    }

    /// What a person should know of the computer's clock; `nil` if it shows the cloud's time, or nearly.
    package var clockRemark: String? {
        guard let ahead = session.time?.secondsAhead, ahead.magnitude >= Self.remarkedSeconds else { return nil }
        let length = ahead.magnitude >= 86_400 ? "\(ahead.magnitude / 86_400) days" : "\(ahead.magnitude) seconds"
        return """
            The clock of this computer is \(length) \(ahead > 0 ? "ahead of" : "behind") that of cloud \(name). What was \
            seen there is dated by the cloud's clock; set this computer's.
            """
    }

    /// Clocks that differ by less, in seconds, need nobody's attention.
    private static let remarkedSeconds: UInt64 = 60

    var blazar: BlazarAPI { BlazarAPI(session: session, now: now) }
    var compute: ComputeAPI { ComputeAPI(session: session, now: now) }
    var network: NetworkAPI { NetworkAPI(session: session, now: now) }
    var identity: IdentityAPI { IdentityAPI(session: session, now: now) }

    /// Closes the connections. Must be called when the cloud is no longer needed.
    package func close() async { await shutDown() }
}

extension CloudConnection {
    /// When what the cloud is logged in with ends, as far as is known here.
    package var loginEnd: LoginEnd? { ends?.end(of: cloud) }

    /// Asks when the credential ends, and notes it. Whatever goes wrong with that is no failure of anything.
    func noteLoginEnd() async {
        guard let ends, let identity = try? await session.identity() else { return }
        switch cloud.credentials {
        case .applicationCredential(let reference, _):
            let answer = try? await self.identity.end(ofApplicationCredential: reference, user: identity.userID)
            if case .listed(let end)? = answer { ends.note(end, of: cloud) }
        case .token, .federated(_, .accessToken):
            // A token for the project ends when the one does that it was got with.
            ends.note(identity.expiresAt, of: cloud)
        case .password, .totp, .multifactor, .federated: break
        }
    }

    /// A report with a word about a login that is about to end, or has ended.
    func warning(of report: SyncReport, asks: Bool) async -> SyncReport {
        if asks, report.failure == nil { await noteLoginEnd() }
        let now = now()
        // A login that is refused has said so itself.
        guard report.failure != .authentication, let end = loginEnd, now >= end.tellsFrom else { return report }
        var report = report
        report.warnings.append(end.sentence(now: now))
        return report
    }
}
