import LeaseModel

/// The site that a token leads to: the reservation service's public endpoint in the catalog, and its region.
///
/// The catalog decides this, not the configuration. So a cloud is one site however an entry spells its auth URL,
/// whichever interface it prefers, and whether or not it names the region.
package struct SiteAddress: Sendable, Hashable, CustomStringConvertible {
    /// The endpoint, normalized by ``EndpointURL/normalized(_:)``.
    package let endpoint: String
    /// The region in use; empty if neither the catalog nor the configuration names one.
    package let region: String

    /// Makes an address from an endpoint in any spelling.
    package init(endpoint: String, region: String) {
        self.endpoint = EndpointURL.normalized(endpoint)
        self.region = region
    }

    package var description: String { region.isEmpty ? endpoint : "\(endpoint) (region \(region))" }
}

extension ServiceCatalogue {
    /// The site of a configured cloud.
    ///
    /// - Throws: ``ServiceError`` if the catalog has no reservation service for it, and no override replaces it.
    func site(of cloud: CloudConfiguration) throws(ServiceError) -> SiteAddress {
        let offered = endpoints(of: .reservation)
        guard let override = cloud.endpointOverrides[.reservation] else {
            let used = try endpoint(
                of: .reservation, region: cloud.region, interface: cloud.interface,
                cloud: "cloud \"\(cloud.displayName.escapedForTerminal)\"")
            return SiteAddress(
                endpoint: Self.publicURL(offered.filter { $0.region == used.region }) ?? used.url, region: used.region)
        }
        let region = cloud.region ?? Self.region(of: override, among: offered)
        let inRegion = offered.filter { $0.region == region }
        return SiteAddress(endpoint: Self.publicURL(inRegion) ?? override, region: region ?? "")
    }

    /// The region of an override without one: that of the same endpoint, or the only region there is.
    private static func region(of override: String, among offered: [Endpoint]) -> String? {
        let spelled = EndpointURL.normalized(override)
        if let same = offered.first(where: { EndpointURL.normalized($0.url) == spelled }) { return same.region }
        let regions = Set(offered.map(\.region))
        return regions.count == 1 ? regions.first : nil
    }

    /// The public endpoint, or a substitute if there is none. The result does not depend on the preferred interface or
    /// on the order of the catalog.
    private static func publicURL(_ endpoints: [Endpoint]) -> String? {
        let interfaces: [CloudConfiguration.Interface] = [.public, .internal, .admin]
        return interfaces.lazy.compactMap { interface in
            endpoints.filter { $0.interface == interface.rawValue }.map { EndpointURL.normalized($0.url) }.min()
        }.first
    }
}
