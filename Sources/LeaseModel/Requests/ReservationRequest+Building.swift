// python-chi has two generations of builders. The methods of `Lease` call the count `amount`, and so do their
// equivalents here; the older functions call it `count`. Whatever python-chi refuses is refused here too, with an
// equivalent message.
extension ReservationRequest {
    // MARK: - Builders like the methods of `Lease`

    /// Nodes of a type, or one node by its name: `Lease.add_node_reservation`.
    ///
    /// - Throws: ``DraftError`` if there is no amount, if there is neither a type nor a name, or if a name is combined
    ///   with anything else.
    public static func node(
        amount: Int?, nodeType: String? = nil, nodeName: String? = nil
    ) throws(DraftError) -> ReservationRequest {
        guard let amount, nodeType != nil || nodeName != nil else {
            throw DraftError(
                field: "node", problem: "is incomplete: specify an amount, and either node_type or node_name")
        }
        return try node(count: amount, nodeType: nodeType, nodeName: nodeName)
    }

    /// One reservation by name for each of these nodes.
    public static func nodes(_ nodes: [HardwareNode]) throws(DraftError) -> [ReservationRequest] {
        var requests: [ReservationRequest] = []
        for node in nodes { requests.append(try .node(nodeName: node.name)) }
        return requests
    }

    /// Edge devices: `Lease.add_device_reservation`. A device given by name needs no amount.
    ///
    /// - Throws: ``DraftError`` if there is neither an amount nor a name, or if a name is combined with an amount other
    ///   than 1.
    public static func device(
        amount: Int?, machineType: String? = nil, deviceModel: String? = nil, deviceName: String? = nil
    ) throws(DraftError) -> ReservationRequest {
        guard let amount = amount ?? (deviceName == nil ? nil : 1) else {
            throw DraftError(field: "device", problem: "is incomplete: specify an amount, or a device_name")
        }
        return try device(
            count: amount, machineName: machineType, deviceModel: deviceModel, deviceName: deviceName)
    }

    /// One reservation by name for each of these devices.
    public static func devices(_ devices: [HardwareDevice]) throws(DraftError) -> [ReservationRequest] {
        var requests: [ReservationRequest] = []
        for device in devices { requests.append(try .device(deviceName: device.name)) }
        return requests
    }

    /// Floating IPs of the public network.
    ///
    /// - Parameters:
    ///   - amount: the number of floating IPs.
    ///   - networks: the networks of the site, among which ``publicNetworkID(among:)`` looks for the public one.
    /// - Returns: the request.
    /// - Throws: ``DraftError`` for an amount below 1, or if the public network cannot be determined.
    public static func floatingIP(
        amount: Int, networks: [CatalogResource]
    ) throws(DraftError) -> ReservationRequest {
        try .floatingIP(networkID: publicNetworkID(among: networks), amount: positive(amount, "amount"))
    }

    /// Instances of a flavor, by its id or its name: `Lease.add_flavor_reservation`.
    ///
    /// - Parameters:
    ///   - id: the flavor's id.
    ///   - name: the flavor's name.
    ///   - amount: the number of instances.
    ///   - flavors: the flavors of the site, for looking up the name.
    /// - Returns: the request.
    /// - Throws: ``DraftError`` unless exactly one of id and name is given, or if no flavor or several flavors have the
    ///   name.
    public static func flavor(
        id: String? = nil, name: String? = nil, amount: Int = 1, flavors: [CatalogResource]
    ) throws(DraftError) -> ReservationRequest {
        switch (id, name) {
        case (let id?, nil): return .flavor(flavorID: try given(id, "id"), amount: try positive(amount, "amount"))
        case (nil, let name?):
            return .flavor(flavorID: try flavorID(named: name, among: flavors), amount: try positive(amount, "amount"))
        default: throw DraftError(field: "flavor", problem: "is unclear: specify exactly one of id and name")
        }
    }

    // MARK: - Builders like the older functions

    /// Nodes: `chi.lease.add_node_reservation`.
    ///
    /// - Parameters:
    ///   - count: the number of nodes.
    ///   - resourceProperties: requirements on the nodes. The other arguments add to them.
    ///   - nodeType: their `node_type`.
    ///   - nodeName: the `node_name` of a single node. It excludes the other arguments.
    ///   - architecture: their `architecture.platform_type`, for example `x86_64`.
    /// - Returns: the request.
    /// - Throws: ``DraftError`` for a name together with another constraint, an empty value or a count below 1.
    public static func node(
        count: Int = 1, resourceProperties: ResourceProperties? = nil, nodeType: String? = nil,
        nodeName: String? = nil, architecture: String? = nil
    ) throws(DraftError) -> ReservationRequest {
        if nodeName != nil {
            guard count == 1, nodeType == nil, resourceProperties == nil, architecture == nil else {
                throw DraftError(
                    field: "node_name",
                    problem: "is specified, so no other resource constraint is allowed, and no amount except 1")
            }
        }
        let conditions = try conditions([
            ("node_type", "node_type", nodeType), ("architecture.platform_type", "architecture", architecture),
            ("node_name", "node_name", nodeName),
        ])
        return .node(
            count: try positive(count, "amount"), properties: .combining(resourceProperties, with: conditions))
    }

    /// Edge devices: `chi.lease.add_device_reservation`.
    ///
    /// - Parameters:
    ///   - count: the number of devices.
    ///   - machineName: their `machine_name`, for example `raspberrypi4-64`.
    ///   - deviceModel: their `model`.
    ///   - deviceName: the `name` of a single device; names are unique.
    /// - Returns: the request.
    /// - Throws: ``DraftError`` for a name together with a count above 1, an empty value or a count below 1.
    public static func device(
        count: Int = 1, machineName: String? = nil, deviceModel: String? = nil, deviceName: String? = nil
    ) throws(DraftError) -> ReservationRequest {
        guard deviceName == nil || count <= 1 else {
            throw DraftError(
                field: "device_name",
                problem: "is a constraint, so multiple devices cannot be reserved: names are unique")
        }
        let conditions = try conditions([
            ("name", "device_name", deviceName), ("machine_name", "machine_name", machineName),
            ("model", "device_model", deviceModel),
        ])
        return .device(count: try positive(count, "amount"), properties: ResourceProperties(conditions))
    }

    /// A network: `chi.lease.add_network_reservation` and, with fewer arguments, `Lease.add_network_reservation`.
    ///
    /// - Parameters:
    ///   - name: the name of the new network.
    ///   - usageType: `storage` or `nil`.
    ///   - ofControllerIP: the address of an OpenFlow controller. It is used only together with a port.
    ///   - ofControllerPort: the port of an OpenFlow controller.
    ///   - vswitchName: the virtual switch to share with other networks.
    ///   - stitchProvider: `fabric` or `nil`.
    ///   - resourceProperties: requirements on the network segment. The other arguments add to them.
    ///   - physicalNetwork: the physical network. A network to be stitched needs another one; `nil` for any.
    /// - Returns: the request.
    /// - Throws: ``DraftError`` for another usage type or stitch provider, or an empty value.
    public static func network(
        name: String, usageType: String? = nil, ofControllerIP: String? = nil, ofControllerPort: Int? = nil,
        vswitchName: String? = nil, stitchProvider: String? = nil, resourceProperties: ResourceProperties? = nil,
        physicalNetwork: String? = "physnet1"
    ) throws(DraftError) -> ReservationRequest {
        guard stitchProvider == nil || stitchProvider == "fabric" else {
            throw DraftError(field: "stitch_provider", problem: "must be 'fabric' or left out")
        }
        guard usageType == nil || usageType == "storage" else {
            throw DraftError(field: "usage_type", problem: "must be 'storage' or left out")
        }
        var description: [String] = []
        if let ofControllerIP, let ofControllerPort {
            description.append("OFController=\(ofControllerIP):\(ofControllerPort)")
        }
        if let vswitchName { description.append("VSwitchName=\(vswitchName)") }
        let conditions = try conditions([
            ("physical_network", "physical_network", physicalNetwork),
            ("stitch_provider", "stitch_provider", stitchProvider), ("usage_type", "usage_type", usageType),
        ])
        return .network(
            name: try given(name, "network_name"), description: description.joined(separator: ","),
            properties: .combining(resourceProperties, with: conditions))
    }

    // MARK: - Checks

    private static func conditions(
        _ asked: [(property: String, argument: String, value: String?)]
    ) throws(DraftError) -> [ResourceCondition] {
        var conditions: [ResourceCondition] = []
        for (property, argument, value) in asked {
            guard let value else { continue }
            conditions.append(ResourceCondition(property, .equal, .string(try given(value, argument))))
        }
        return conditions
    }

    private static func given(_ value: String, _ argument: String) throws(DraftError) -> String {
        guard !value.isEmpty else { throw DraftError(field: argument, problem: "is empty") }
        return value
    }

    private static func positive(_ number: Int, _ argument: String) throws(DraftError) -> Int {
        guard number > 0 else {
            throw DraftError(field: argument, problem: "is \(number); it must be at least 1")
        }
        return number
    }
}
