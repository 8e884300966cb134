package import LeaseModel
package import OpenStackClient

extension BlazarAPI {
    /// The network segments that can be reserved (Chameleon). Neutron's networks are ``NetworkAPI/networks(fields:)``.
    package func networkSegments() async throws(ServiceError) -> Offered<[CatalogueResource]> {
        try await caller.resources(
            .init(.reservation, "GET", NetworkSegmentPaths.all), member: "networks", kind: .networkSegment)
    }

    /// Who holds which network segment, when.
    package func networkSegmentAllocations() async throws(ServiceError) -> Offered<[Allocation]> {
        try await caller.allocations(
            .init(.reservation, "GET", NetworkSegmentPaths.allocations), kind: .networkSegment)
    }

    /// The network segments that a lease holds. An empty list says nothing about the lease: see ``hosts(ofLease:)``.
    package func networkSegments(ofLease id: String) async throws(ServiceError) -> Offered<[CatalogueResource]> {
        try await caller.resources(
            .init(.reservation, "GET", LeasePaths.networks(of: id)), member: "networks", kind: .networkSegment)
    }
}
