package import LeaseModel
package import OpenStackClient

/// What is needed of Neutron at one cloud.
package struct NetworkAPI: Sendable {
    let caller: ServiceCaller

    /// - Parameters:
    ///   - session: finds the endpoint, which does not contain `/v2.0`, and adds the token.
    ///   - now: the time, for a `Retry-After` that is a date.
    package init(session: any ServiceSession, now: @escaping @Sendable () -> Timestamp) {
        caller = ServiceCaller(session: session, now: now)
    }
}
