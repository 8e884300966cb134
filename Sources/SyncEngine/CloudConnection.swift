import BlazarClient
package import LeaseModel
package import OpenStackClient

/// A cloud that can be asked: its configuration, and a session that logs in when it is first used.
package struct CloudConnection: Sendable {
    package let cloud: CloudConfiguration
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
        self.session = session
        self.now = { session.time?.now ?? now() }
        self.shutDown = shutDown
    }

    /// What the cloud is found by.
    package var reference: CloudReference { cloud.reference }
    /// What tells whether its configuration is still what it was.
    package var fingerprint: String { cloud.fingerprint }
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
