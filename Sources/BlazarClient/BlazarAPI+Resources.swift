package import LeaseModel
package import OpenStackClient

extension BlazarAPI {
    /// The hosts that can be reserved, with their properties. Blazar's default policy shows them to administrators
    /// only.
    package func hosts() async throws(ServiceError) -> Offered<[CatalogResource]> {
        try await caller.resources(.init(.reservation, "GET", HostPaths.all), member: "hosts", kind: .host)
    }

    /// The allocations of hosts.
    package func hostAllocations() async throws(ServiceError) -> Offered<[Allocation]> {
        try await caller.allocations(.init(.reservation, "GET", HostPaths.allocations), kind: .host)
    }

    /// The properties that a reservation can require of hosts, with the values that occur.
    package func hostProperties() async throws(ServiceError) -> Offered<[CatalogProperty]> {
        try await caller.list(.init(.reservation, "GET", HostPaths.properties), member: "resource_properties") {
            CatalogProperty(resourceKind: .host, json: $0)
        }
    }

    /// The hosts that a lease holds (Chameleon), without their properties.
    ///
    /// An empty list says nothing about the lease: Blazar returns one for an unknown id instead of a 404, and also for
    /// a lease of another project. Ask for the lease first.
    package func hosts(ofLease id: String) async throws(ServiceError) -> Offered<[CatalogResource]> {
        try await caller.resources(.init(.reservation, "GET", LeasePaths.hosts(of: id)), member: "hosts", kind: .host)
    }
}

/// The paths of hosts, relative to an endpoint that ends in `/v1`.
enum HostPaths {
    static var all: String { "/os-hosts" }
    static var allocations: String { all + "/allocations" }
    /// Blazar compares the text with `True`, so the capital letter matters.
    static var properties: String { all + "/properties?detail=True" }
}

extension BlazarAPI {
    /// The edge devices that can be reserved, with their properties (Chameleon).
    package func devices() async throws(ServiceError) -> Offered<[CatalogResource]> {
        try await caller.resources(.init(.reservation, "GET", DevicePaths.all), member: "devices", kind: .device)
    }

    /// The allocations of devices.
    package func deviceAllocations() async throws(ServiceError) -> Offered<[Allocation]> {
        try await caller.allocations(.init(.reservation, "GET", DevicePaths.allocations), kind: .device)
    }

    /// The properties that a reservation can require of devices.
    package func deviceProperties() async throws(ServiceError) -> Offered<[CatalogProperty]> {
        try await caller.list(.init(.reservation, "GET", DevicePaths.properties), member: "resource_properties") {
            CatalogProperty(resourceKind: .device, json: $0)
        }
    }

    /// The devices that a lease holds. An empty list says nothing about the lease: see ``hosts(ofLease:)``.
    package func devices(ofLease id: String) async throws(ServiceError) -> Offered<[CatalogResource]> {
        try await caller.resources(
            .init(.reservation, "GET", LeasePaths.devices(of: id)), member: "devices", kind: .device)
    }
}

/// The paths of devices (Chameleon), relative to an endpoint that ends in `/v1`.
enum DevicePaths {
    static var all: String { "/devices" }
    static var allocations: String { all + "/allocations" }
    static var properties: String { all + "/properties?detail=True" }
}

extension BlazarAPI {
    /// The floating IPs that can be reserved. For those that a project has, see
    /// ``NetworkAPI/floatingIPs(reservationID:)``.
    package func reservableFloatingIPs() async throws(ServiceError) -> Offered<[CatalogResource]> {
        try await caller.resources(
            .init(.reservation, "GET", FloatingIPPaths.all), member: "floatingips", kind: .reservableFloatingIP)
    }

    /// The allocations of floating IPs.
    package func floatingIPAllocations() async throws(ServiceError) -> Offered<[Allocation]> {
        try await caller.allocations(
            .init(.reservation, "GET", FloatingIPPaths.allocations), kind: .reservableFloatingIP)
    }
}

/// The paths of Blazar's floating IPs, relative to an endpoint that ends in `/v1`.
enum FloatingIPPaths {
    static var all: String { "/floatingips" }
    /// No known release offers it. Chameleon reads `allocations` as an id and answers 404.
    static var allocations: String { all + "/allocations" }
}

extension BlazarAPI {
    /// The network segments that can be reserved (Chameleon). For Neutron's networks, see
    /// ``NetworkAPI/networks(fields:)``.
    package func networkSegments() async throws(ServiceError) -> Offered<[CatalogResource]> {
        try await caller.resources(
            .init(.reservation, "GET", NetworkSegmentPaths.all), member: "networks", kind: .networkSegment)
    }

    /// The allocations of network segments.
    package func networkSegmentAllocations() async throws(ServiceError) -> Offered<[Allocation]> {
        try await caller.allocations(
            .init(.reservation, "GET", NetworkSegmentPaths.allocations), kind: .networkSegment)
    }

    /// The network segments that a lease holds. An empty list says nothing about the lease: see ``hosts(ofLease:)``.
    package func networkSegments(ofLease id: String) async throws(ServiceError) -> Offered<[CatalogResource]> {
        try await caller.resources(
            .init(.reservation, "GET", LeasePaths.networks(of: id)), member: "networks", kind: .networkSegment)
    }
}

/// The paths of Blazar's networks (Chameleon), relative to an endpoint that ends in `/v1`.
enum NetworkSegmentPaths {
    static var all: String { "/networks" }
    static var allocations: String { all + "/allocations" }
}

extension BlazarAPI {
    /// How many instances of each flavor are free from now on, as the site counts them (Chameleon). The id of each is
    /// the flavor's; ``FlavorAvailability`` reads the rest.
    ///
    /// - Parameter end: until when.
    /// - Returns: the counts, or why there are none.
    /// - Throws: ``ServiceError`` if the cloud could not be asked.
    package func flavorInstances(until end: Timestamp) async throws(ServiceError) -> Offered<[CatalogResource]> {
        let path = FlavorInstancePaths.availability + URLText.query([("end_date", end.blazarRequest)])
        return try await caller.list(.init(.reservation, "GET", path), member: "flavor_instances") { object in
            guard let id = object["flavor_id"]?.stringValue, !id.isEmpty else { return nil }
            return CatalogResource(kind: .flavorInstances, id: id, fields: object)
        }
    }
}

/// The paths of instances of flavors (Chameleon), relative to an endpoint that ends in `/v1`.
enum FlavorInstancePaths {
    /// Known since 2026. Older servers and upstream answer 404.
    static var availability: String { "/flavor-instances/availability" }
}
