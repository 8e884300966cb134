import LeaseModel

/// The services in a token's catalog.
struct ServiceCatalogue: Sendable, Hashable {
    struct Endpoint: Sendable, Hashable {
        let serviceType: String
        let interface: String
        let region: String
        let url: String
    }

    let endpoints: [Endpoint]

    /// Reads `token.catalog`. Entries without a URL are ignored.
    init(_ catalogue: JSONValue?) {
        endpoints = (catalogue?.arrayValue ?? []).flatMap { service -> [Endpoint] in
            guard let type = service["type"]?.stringValue else { return [] }
            return (service["endpoints"]?.arrayValue ?? []).compactMap { endpoint in
                guard let url = endpoint["url"]?.stringValue, !url.isEmpty else { return nil }
                return Endpoint(
                    serviceType: type, interface: Self.shortInterface(endpoint["interface"]?.stringValue ?? "public"),
                    region: endpoint["region_id"]?.stringValue ?? endpoint["region"]?.stringValue ?? "", url: url)
            }
        }
    }

    private static func shortInterface(_ name: String) -> String {
        name.hasSuffix("URL") ? String(name.dropLast(3)) : name
    }

    /// Types that mean the same service. Today, OpenStack's service-types authority lists no alias for these four; the
    /// catalogs of older sites contain the versioned ones.
    private static let aliases: [ServiceType: [String]] = [
        .reservation: ["reservation"], .compute: ["compute", "computev21", "computev2"],
        .network: ["network", "networking"], .identity: ["identity", "identityv3"],
    ]

    /// Every endpoint of a service.
    func endpoints(of service: ServiceType) -> [Endpoint] {
        let types = Self.aliases[service] ?? [service.rawValue]
        return types.lazy.map { type in endpoints.filter { $0.serviceType == type } }.first { !$0.isEmpty } ?? []
    }

    /// The endpoint of a service in a region.
    ///
    /// - Throws: ``ServiceError`` that says what the catalog contains instead.
    func endpoint(
        of service: ServiceType, region: String?, interface: CloudConfiguration.Interface, cloud: String
    ) throws(ServiceError) -> Endpoint {
        let ofService = endpoints(of: service)
        guard !ofService.isEmpty else {
            throw failure("\(cloud) has no service of type \"\(service.rawValue)\"; it has \(list(\.serviceType))")
        }
        let ofInterface = ofService.filter { $0.interface == interface.rawValue }
        guard !ofInterface.isEmpty else {
            throw failure(
                "\(cloud) has no \(interface.rawValue) endpoint for \"\(service.rawValue)\", only "
                    + "\(Self.list(ofService, \.interface)): set interface in clouds.yaml or OS_INTERFACE")
        }
        let regions = Self.list(ofInterface, \.region)
        guard let region, !region.isEmpty else {
            guard let only = ofInterface.first, ofInterface.allSatisfy({ $0.region == only.region }) else {
                throw failure(
                    "\(cloud) has \"\(service.rawValue)\" in several regions: set region_name in clouds.yaml or "
                        + "OS_REGION_NAME to one of \(regions)")
            }
            return only
        }
        guard let found = ofInterface.first(where: { $0.region == region }) else {
            throw failure(
                "\(cloud) has no \"\(service.rawValue)\" in region \"\(region.escapedForTerminal)\", only in \(regions) "
                    + "(upper and lower case count): correct region_name in clouds.yaml or OS_REGION_NAME")
        }
        return found
    }

    private func list(_ part: (Endpoint) -> String) -> String {
        endpoints.isEmpty ? "an empty catalogue" : Self.list(endpoints, part)
    }

    private static func list(_ endpoints: [Endpoint], _ part: (Endpoint) -> String) -> String {
        Set(endpoints.map(part)).sorted().map(\.escapedForTerminal).joined(separator: ", ")
    }

    private func failure(_ message: String) -> ServiceError { ServiceError(kind: .noEndpoint, message: message) }
}
