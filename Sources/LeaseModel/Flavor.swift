/// A Nova flavor: the size of an instance.
public struct Flavor: Sendable, Hashable, Identifiable {
    /// Nova's identifier; that of a flavor or instance reservation is the reservation's.
    public var id: String
    /// Its name.
    public var name: String
    /// What its maker said of it.
    public var details: String?
    /// Virtual processors.
    public var vcpus: Int?
    /// Memory in MiB.
    public var ramMiB: Int?
    /// The root disk in GiB.
    public var diskGiB: Int?
    /// Its extra specs, as far as Nova shows them.
    public var extraSpecs: JSONObject

    /// The flavor that a resource of the catalogue is.
    public init(_ resource: CatalogueResource) {
        id = resource.id
        name = resource.name ?? resource.id
        details = resource.fields["description"]?.stringValue
        vcpus = resource.fields["vcpus"]?.intValue
        ramMiB = resource.fields["ram"]?.intValue
        diskGiB = resource.fields["disk"]?.intValue
        extraSpecs = resource.fields["extra_specs"]?.objectValue ?? [:]
    }

    /// The reservation that it was made for, if it was.
    ///
    /// Blazar names it in an extra spec, and makes the flavor's id the reservation's.
    public var reservationID: String? { extraSpecs["aggregate_instance_extra_specs:reservation"]?.stringValue }

    /// Whether it is the flavor of this reservation.
    public func belongs(to reservation: Reservation) -> Bool {
        guard [.flavor, .instance].contains(reservation.resourceType) else { return false }
        return reservationID == reservation.id || id == reservation.id
    }
}
