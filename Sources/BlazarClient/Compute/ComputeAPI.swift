package import LeaseModel
package import OpenStackClient

/// What is needed of Nova at one cloud.
package struct ComputeAPI: Sendable {
    let caller: ServiceCaller

    /// - Parameters:
    ///   - session: finds the endpoint, which ends in `/v2.1`, and adds the token.
    ///   - now: the time, for a `Retry-After` that is a date.
    package init(session: any ServiceSession, now: @escaping @Sendable () -> Timestamp) {
        caller = ServiceCaller(session: session, now: now)
    }
}
