package import LeaseModel
package import OpenStackClient

extension NetworkAPI {
    /// The networks that the token sees.
    ///
    /// - Parameter fields: the members wanted besides `id` and `name`; all if empty.
    /// - Returns: the networks, or why there are none.
    /// - Throws: ``ServiceError`` if the cloud could not be asked.
    package func networks(fields: [String] = []) async throws(ServiceError) -> Offered<[CatalogueResource]> {
        let path = NetworkPaths.networks(fields: withIdentity(fields, name: "name"))
        return try await caller.resources(.init(.network, "GET", path), member: "networks", kind: .network)
    }

    /// The floating IPs that the token sees, in its project or, for an admin, everywhere.
    ///
    /// - Parameters:
    ///   - reservationID: only those that Blazar gave to this reservation, which it marks by a tag.
    ///   - fields: the members wanted besides `id` and the address; all if empty.
    /// - Returns: the floating IPs, or why there are none.
    /// - Throws: ``ServiceError`` if the cloud could not be asked.
    package func floatingIPs(
        reservationID: String? = nil, fields: [String] = []
    ) async throws(ServiceError) -> Offered<[CatalogueResource]> {
        let path = NetworkPaths.floatingIPs(
            tag: reservationID.map { "reservation:" + $0 }, fields: withIdentity(fields, name: "floating_ip_address"))
        return try await caller.resources(.init(.network, "GET", path), member: "floatingips", kind: .floatingIP)
    }

    private func withIdentity(_ fields: [String], name: String) -> [String] {
        fields.isEmpty ? [] : ["id", name] + fields.filter { $0 != "id" && $0 != name }
    }
}
