package import LeaseModel
package import OpenStackClient

extension BlazarAPI {
    /// The floating IPs that can be reserved. Those that a project has are ``NetworkAPI/floatingIPs(reservationID:)``.
    package func reservableFloatingIPs() async throws(ServiceError) -> Offered<[CatalogueResource]> {
        try await caller.resources(
            .init(.reservation, "GET", FloatingIPPaths.all), member: "floatingips", kind: .reservableFloatingIP)
    }

    /// Who holds which floating IP, when.
    package func floatingIPAllocations() async throws(ServiceError) -> Offered<[Allocation]> {
        try await caller.allocations(
            .init(.reservation, "GET", FloatingIPPaths.allocations), kind: .reservableFloatingIP)
    }
}
