package import LeaseModel
package import OpenStackClient

extension BlazarAPI {
    /// The edge devices that can be reserved, with their properties (Chameleon).
    package func devices() async throws(ServiceError) -> Offered<[CatalogueResource]> {
        try await caller.resources(.init(.reservation, "GET", DevicePaths.all), member: "devices", kind: .device)
    }

    /// Who holds which device, when.
    package func deviceAllocations() async throws(ServiceError) -> Offered<[Allocation]> {
        try await caller.allocations(.init(.reservation, "GET", DevicePaths.allocations), kind: .device)
    }

    /// The properties by which devices can be asked for.
    package func deviceProperties() async throws(ServiceError) -> Offered<[CatalogueProperty]> {
        try await caller.list(.init(.reservation, "GET", DevicePaths.properties), member: "resource_properties") {
            CatalogueProperty(resourceKind: .device, json: $0)
        }
    }

    /// The devices that a lease holds. An empty list says nothing about the lease: see ``hosts(ofLease:)``.
    package func devices(ofLease id: String) async throws(ServiceError) -> Offered<[CatalogueResource]> {
        try await caller.resources(
            .init(.reservation, "GET", LeasePaths.devices(of: id)), member: "devices", kind: .device)
    }
}
