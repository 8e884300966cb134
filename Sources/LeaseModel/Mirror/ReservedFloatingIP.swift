/// A floating IP that a reservation holds.
public struct ReservedFloatingIP: Sendable, Hashable {
    /// The address.
    public let address: String
    /// The reservation that holds it.
    public let reservationID: String
    /// What the services said of it: Neutron's floating IP if there is one already, else Blazar's.
    public let resource: MirroredResource

    /// Makes one of a resource of Neutron's or Blazar's; `nil` if that has no address.
    public init?(_ resource: MirroredResource, by reservationID: String) {
        guard let address = resource.resource.name else { return nil }
        self.address = address
        self.reservationID = reservationID
        self.resource = resource
    }
}

extension CatalogueResource {
    /// The reservation that a floating IP of Neutron's was made for: Blazar marks it by a tag `reservation:ID`.
    public var taggedReservationID: String? {
        (fields["tags"]?.arrayValue ?? []).lazy.compactMap(\.stringValue)
            .first { $0.hasPrefix("reservation:") }.map { String($0.dropFirst("reservation:".count)) }
    }
}
