package import LeaseModel
package import OpenStackClient

/// Blazar's API at one cloud, with one token's eyes.
///
/// Its calls stand with their resources: leases, hosts, devices, network segments, floating IPs. A refusal is a value
/// that a call returns; it throws only when the cloud could not be asked.
package struct BlazarAPI: Sendable {
    let caller: ServiceCaller

    /// - Parameters:
    ///   - session: finds the endpoint and adds the token.
    ///   - now: the time, for a `Retry-After` that is a date.
    package init(session: any ServiceSession, now: @escaping @Sendable () -> Timestamp) {
        caller = ServiceCaller(session: session, now: now)
    }
}
