import BlazarClient
package import LeaseModel
package import OpenStackClient

/// A cloud that can be asked: its configuration, and a session that logs in when it is first used.
package struct CloudConnection: Sendable {
    package let cloud: CloudConfiguration
    package let session: any ServiceSession
    let now: @Sendable () -> Timestamp
    /// What is known of when credentials end; `nil` if nothing is kept of that.
    let ends: CredentialEnds?
    private let shutDown: @Sendable () async -> Void

    /// Connects a cloud by a session that something else keeps, as tests do.
    package init(
        cloud: CloudConfiguration, session: any ServiceSession, now: @escaping @Sendable () -> Timestamp,
        ends: CredentialEnds? = nil, shutDown: @escaping @Sendable () async -> Void = {}
    ) {
        self.ends = ends
        self.cloud = cloud
        self.session = session
        self.now = now
        self.shutDown = shutDown
    }

    /// What the cloud is found by.
    package var reference: CloudReference { cloud.reference }
    /// What tells whether its configuration is still what it was.
    package var fingerprint: String { cloud.fingerprint }
    /// What to call the cloud in front of a person; nothing can be looked up by it.
    package var name: String { cloud.displayName }

    var blazar: BlazarAPI { BlazarAPI(session: session, now: now) }
    var compute: ComputeAPI { ComputeAPI(session: session, now: now) }
    var network: NetworkAPI { NetworkAPI(session: session, now: now) }
    var identity: IdentityAPI { IdentityAPI(session: session, now: now) }

    /// Closes the connections. Must be called when the cloud is no longer needed.
    package func close() async { await shutDown() }
}
