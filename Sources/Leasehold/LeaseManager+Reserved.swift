public import LeaseModel

extension LeaseManager {
    /// The floating IP addresses that a lease's reservations hold, from the local database.
    ///
    /// - Returns: the addresses, sorted as text.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func reservedFloatingIPs(of lease: MirroredLease) throws(LeaseholdError) -> [String] {
        try floatingIPs(reservedIn: lease).map(\.address).sorted()
    }

    /// The floating IPs that a lease's reservations hold, with what is known about each.
    ///
    /// Neutron tags an address with `reservation:<id>` once the lease is active. Blazar's allocations show it from the
    /// creation on, if the site reports them.
    ///
    /// - Returns: the floating IPs, by reservation.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func floatingIPs(reservedIn lease: MirroredLease) throws(LeaseholdError) -> [ReservedFloatingIP] {
        let wanted = Set(lease.lease.reservations.filter { $0.resourceType == .floatingIP }.map(\.id))
        guard !wanted.isEmpty else { return [] }
        var found: [String: ReservedFloatingIP] = [:]
        for resource in try resources(.reservableFloatingIP, scopes: [lease.scopeID]) {
            let holding = resource.allocations.map(\.reservationID).first(where: wanted.contains)
            if let holding, let address = ReservedFloatingIP(resource, by: holding) { found[address.address] = address }
        }
        for resource in try resources(.floatingIP, scopes: [lease.scopeID]) {
            guard let tagged = resource.resource.taggedReservationID, wanted.contains(tagged) else { continue }
            let address = ReservedFloatingIP(resource, by: tagged)
            if let address { found[address.address] = address }
        }
        return found.values.sorted { ($0.reservationID, $0.address) < ($1.reservationID, $1.address) }
    }

    /// The private flavors that Blazar made for a lease's flavor and instance reservations, from the local database.
    /// Instances are launched with them.
    ///
    /// - Returns: the flavors, sorted by id.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func reservedFlavors(of lease: MirroredLease) throws(LeaseholdError) -> [Flavor] {
        guard lease.lease.reservations.contains(where: { $0.isOfInstances }) else { return [] }
        return try resources(.flavor, scopes: [lease.scopeID]).map { Flavor($0.resource) }
            .filter { flavor in lease.lease.reservations.contains { flavor.belongs(to: $0) } }
            .sorted { $0.id < $1.id }
    }
}

extension Reservation {
    /// Whether Blazar makes a private flavor in Nova for it.
    var isOfInstances: Bool { [.flavor, .instance].contains(resourceType) }
}

// python-chi's functions that add to lists of reservations. python-chi has deprecated them since its release 1.0.
extension LeaseManager {
    /// Adds nodes to a list of reservations.
    ///
    /// - Parameters:
    ///   - list: the list.
    ///   - count: the number of nodes.
    ///   - resourceProperties: requirements on the nodes. The other arguments add to them.
    ///   - nodeType: their type.
    ///   - nodeName: the name of a single node. It excludes the other arguments.
    ///   - architecture: their architecture, for example `x86_64`.
    /// - Throws: ``LeaseholdError`` with the code `invalid`. Nothing is added then.
    @available(*, deprecated, message: "Use Lease.addNodeReservation.")
    public func addNodeReservation(
        to list: inout [ReservationRequest], count: Int = 1, resourceProperties: ResourceProperties? = nil,
        nodeType: String? = nil, nodeName: String? = nil, architecture: String? = nil
    ) throws(LeaseholdError) {
        try add(to: &list) { () throws(DraftError) in
            try .node(
                count: count, resourceProperties: resourceProperties, nodeType: nodeType, nodeName: nodeName,
                architecture: architecture)
        }
    }

    /// Adds edge devices to a list of reservations.
    ///
    /// - Parameters:
    ///   - list: the list.
    ///   - count: the number of devices.
    ///   - machineName: their machine name, for example `raspberrypi4-64`.
    ///   - deviceModel: their model.
    ///   - deviceName: the name of a single device.
    /// - Throws: ``LeaseholdError`` with the code `invalid`. Nothing is added then.
    @available(*, deprecated, message: "Use Lease.addDeviceReservation.")
    public func addDeviceReservation(
        to list: inout [ReservationRequest], count: Int = 1, machineName: String? = nil, deviceModel: String? = nil,
        deviceName: String? = nil
    ) throws(LeaseholdError) {
        try add(to: &list) { () throws(DraftError) in
            try .device(count: count, machineName: machineName, deviceModel: deviceModel, deviceName: deviceName)
        }
    }

    /// Adds floating IPs of a cloud's public network to a list of reservations.
    ///
    /// - Parameters:
    ///   - list: the list.
    ///   - count: the number of floating IPs.
    ///   - cloud: the cloud; `nil` for the default cloud.
    /// - Throws: ``LeaseholdError`` with the code `invalid`, or `notFound` if the cloud's networks have never been
    ///   read. Nothing is added then.
    @available(*, deprecated, message: "Use Lease.addFIPReservation.")
    public func addFIPReservation(
        to list: inout [ReservationRequest], count: Int = 1, cloud: String? = nil
    ) throws(LeaseholdError) {
        let networks = try catalog(.network, cloud: cloud)
        try add(to: &list) { () throws(DraftError) in try .floatingIP(amount: count, networks: networks) }
    }

    /// Adds a network to a list of reservations.
    ///
    /// - Parameters:
    ///   - list: the list.
    ///   - networkName: the name of the new network.
    ///   - usageType: `storage` or `nil`.
    ///   - ofControllerIP: the address of an OpenFlow controller. It is used only together with a port.
    ///   - ofControllerPort: the port of an OpenFlow controller.
    ///   - vswitchName: the virtual switch to share with other networks.
    ///   - stitchProvider: `fabric` or `nil`.
    ///   - resourceProperties: requirements on the network segment. The other arguments add to them.
    ///   - physicalNetwork: the physical network; `nil` for any.
    /// - Throws: ``LeaseholdError`` with the code `invalid`. Nothing is added then.
    @available(*, deprecated, message: "Use Lease.addNetworkReservation.")
    public func addNetworkReservation(
        to list: inout [ReservationRequest], networkName: String, usageType: String? = nil,
        ofControllerIP: String? = nil, ofControllerPort: Int? = nil, vswitchName: String? = nil,
        stitchProvider: String? = nil, resourceProperties: ResourceProperties? = nil,
        physicalNetwork: String? = "physnet1"
    ) throws(LeaseholdError) {
        try add(to: &list) { () throws(DraftError) in
            try .network(
                name: networkName, usageType: usageType, ofControllerIP: ofControllerIP,
                ofControllerPort: ofControllerPort, vswitchName: vswitchName, stitchProvider: stitchProvider,
                resourceProperties: resourceProperties, physicalNetwork: physicalNetwork)
        }
    }

    private func add(
        to list: inout [ReservationRequest], _ make: () throws(DraftError) -> ReservationRequest
    ) throws(LeaseholdError) {
        do {
            list.append(try make())
        } catch {
            throw LeaseholdError(error)
        }
    }
}
