public import LeaseModel

// The arguments are python-chi's. Whatever python-chi refuses is refused here too, before anything is added.
extension Lease {
    /// Adds nodes of a type, one node by its name, or a list of nodes.
    ///
    /// - Parameters:
    ///   - amount: the number of nodes; 1 for a node by its name.
    ///   - nodeType: their type, for example `compute_skylake`.
    ///   - nodeName: the name of a single node.
    ///   - nodes: a list of nodes, each of which gets a reservation of its own. It excludes the other arguments.
    /// - Throws: ``LeaseholdError`` with the code `invalid`.
    public func addNodeReservation(
        amount: Int? = nil, nodeType: String? = nil, nodeName: String? = nil, nodes: [HardwareNode] = []
    ) throws(LeaseholdError) {
        guard !nodes.isEmpty else {
            return try add { () throws(DraftError) in
                [try .node(amount: amount, nodeType: nodeType, nodeName: nodeName)]
            }
        }
        guard amount == nil, nodeType == nil, nodeName == nil else { throw Self.alone("nodes") }
        try add { () throws(DraftError) in try ReservationRequest.nodes(nodes) }
    }

    /// Adds edge devices (Chameleon).
    ///
    /// - Parameters:
    ///   - amount: the number of devices. A device by its name needs none.
    ///   - machineType: their `machine_name`, for example `raspberrypi4-64`.
    ///   - deviceModel: their model.
    ///   - deviceName: the name of a single device.
    ///   - devices: a list of devices, each of which gets a reservation of its own. It excludes the other arguments.
    /// - Throws: ``LeaseholdError`` with the code `invalid`.
    public func addDeviceReservation(
        amount: Int? = nil, machineType: String? = nil, deviceModel: String? = nil, deviceName: String? = nil,
        devices: [HardwareDevice] = []
    ) throws(LeaseholdError) {
        guard !devices.isEmpty else {
            return try add { () throws(DraftError) in
                [
                    try .device(
                        amount: amount, machineType: machineType, deviceModel: deviceModel, deviceName: deviceName)
                ]
            }
        }
        guard amount == nil, machineType == nil, deviceModel == nil, deviceName == nil else {
            throw Self.alone("devices")
        }
        try add { () throws(DraftError) in try ReservationRequest.devices(devices) }
    }

    /// Adds floating IPs of the public network, which is looked up in the local database.
    ///
    /// - Parameter amount: the number of floating IPs.
    /// - Throws: ``LeaseholdError`` with the code `invalid`, or with `notFound` if the cloud's networks have never been
    ///   read.
    public func addFIPReservation(amount: Int) throws(LeaseholdError) {
        let networks = try manager.catalog(.network, cloud: cloud)
        try add { () throws(DraftError) in [try .floatingIP(amount: amount, networks: networks)] }
    }

    /// Adds instances of a flavor, by its id, or by its name, which is looked up in the local database.
    ///
    /// - Parameters:
    ///   - id: the flavor's id.
    ///   - name: the flavor's name. Give either the id or the name.
    ///   - amount: the number of instances.
    /// - Throws: ``LeaseholdError`` with the code `invalid`, or with `notFound` if the cloud's flavors have never been
    ///   read.
    public func addFlavorReservation(
        id: String? = nil, name: String? = nil, amount: Int = 1
    ) throws(LeaseholdError) {
        let flavors = id == nil && name != nil ? try manager.catalog(.flavor, cloud: cloud) : []
        try add { () throws(DraftError) in [try .flavor(id: id, name: name, amount: amount, flavors: flavors)] }
    }

    /// Adds a network, which is created when the lease starts (Chameleon).
    ///
    /// - Parameters:
    ///   - networkName: the name of the new network.
    ///   - usageType: `storage` or `nil`.
    ///   - stitchProvider: `fabric` or `nil`.
    /// - Throws: ``LeaseholdError`` with the code `invalid`.
    public func addNetworkReservation(
        networkName: String, usageType: String? = nil, stitchProvider: String? = nil
    ) throws(LeaseholdError) {
        try add { () throws(DraftError) in
            [try .network(name: networkName, usageType: usageType, stitchProvider: stitchProvider)]
        }
    }

    /// Adds a reservation of any type, made with a builder of `ReservationRequest` or by hand.
    ///
    /// - Throws: ``LeaseholdError`` with the code `invalid` if the lease has been submitted.
    public func addReservation(_ request: ReservationRequest) throws(LeaseholdError) {
        try add { () throws(DraftError) in [request] }
    }

    // MARK: - Adding

    private func add(_ make: () throws(DraftError) -> [ReservationRequest]) throws(LeaseholdError) {
        guard case .draft = state else {
            throw LeaseholdError(
                code: .invalid,
                message: "'\(name)' has been submitted (\(id ?? "no id")): nothing can be added to it any more.")
        }
        do {
            requests += try make()
        } catch {
            throw LeaseholdError(error)
        }
    }

    private static func alone(_ argument: String) -> LeaseholdError {
        LeaseholdError(code: .invalid, message: "When specifying \(argument), no other arguments should be included.")
    }
}

extension LeaseholdError {
    /// Converts an error about a draft.
    init(_ error: DraftError) { self.init(code: .invalid, message: "\(error).") }
}
