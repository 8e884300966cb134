package import LeaseModel
package import OpenStackClient

extension BlazarAPI {
    /// The hosts that can be reserved, with their properties. For admins in Blazar's default policy.
    package func hosts() async throws(ServiceError) -> Offered<[CatalogueResource]> {
        try await caller.resources(.init(.reservation, "GET", HostPaths.all), member: "hosts", kind: .host)
    }

    /// Who holds which host, when.
    package func hostAllocations() async throws(ServiceError) -> Offered<[Allocation]> {
        try await caller.allocations(.init(.reservation, "GET", HostPaths.allocations), kind: .host)
    }

    /// The properties by which hosts can be asked for, with the values that occur.
    package func hostProperties() async throws(ServiceError) -> Offered<[CatalogueProperty]> {
        try await caller.list(.init(.reservation, "GET", HostPaths.properties), member: "resource_properties") {
            CatalogueProperty(resourceKind: .host, json: $0)
        }
    }

    /// The hosts that a lease holds (Chameleon), without their properties.
    ///
    /// An unknown id gives an empty list, not a 404: an empty list says nothing about the lease. So does a lease of
    /// another project's: ask for the lease first.
    package func hosts(ofLease id: String) async throws(ServiceError) -> Offered<[CatalogueResource]> {
        try await caller.resources(.init(.reservation, "GET", LeasePaths.hosts(of: id)), member: "hosts", kind: .host)
    }
}
