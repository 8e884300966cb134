package import LeaseModel
package import OpenStackClient

/// What is needed of Keystone beyond tokens: the names of projects and users.
package struct IdentityAPI: Sendable {
    let caller: ServiceCaller

    /// - Parameters:
    ///   - session: finds the endpoint, which ends in `/v3`, and adds the token.
    ///   - now: the time, for a `Retry-After` that is a date.
    package init(session: any ServiceSession, now: @escaping @Sendable () -> Timestamp) {
        caller = ServiceCaller(session: session, now: now)
    }
}
