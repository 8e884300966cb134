public import LeaseModel

// python-chi's functions that make the arguments of a creation. python-chi has deprecated them since its release 1.0.
extension LeaseManager {
    /// The arguments of a creation, with defaults that suit Chameleon.
    ///
    /// - Parameters:
    ///   - name: the lease's name; `nil` for one made from the time.
    ///   - startsAt: when it starts; `nil` for about a minute from now.
    ///   - endsAt: when it ends. It excludes `length`.
    ///   - length: its duration; a day if neither is given.
    ///   - nodes: the number of nodes; 0 for none.
    ///   - nodeResourceProperties: the requirements on the nodes.
    ///   - fips: the number of floating IPs; 0 for none.
    ///   - networks: the number of networks; 0 for none.
    ///   - networkResourceProperties: the requirements on the networks.
    ///   - cloud: the cloud; `nil` for the default cloud.
    /// - Returns: the arguments. Their `json` is what python-chi's function returns.
    /// - Throws: ``LeaseholdError`` with the code `invalid`, or `notFound` if the cloud's networks have never been
    ///   read.
    @available(*, deprecated, message: "Make a Lease, and add reservations to it.")
    public func leaseCreateArgs(
        name: String? = nil, startsAt: Timestamp? = nil, endsAt: Timestamp? = nil, length: Duration? = nil,
        nodes: Int = 1, nodeResourceProperties: ResourceProperties? = nil, fips: Int = 0, networks: Int = 0,
        networkResourceProperties: ResourceProperties? = LeaseCreateArguments.standardNetworkProperties,
        cloud: String? = nil
    ) throws(LeaseholdError) -> LeaseCreateArguments {
        let known = fips > 0 ? try catalog(.network, cloud: cloud) : []
        do {
            return try LeaseCreateArguments(
                name: name ?? "lease-" + String(configuration.now().secondsSince1970), startsAt: startsAt,
                endsAt: endsAt, lengthSeconds: length?.components.seconds, nodes: nodes,
                nodeResourceProperties: nodeResourceProperties, floatingIPs: fips,
                publicNetworkID: { () throws(DraftError) in try ReservationRequest.publicNetworkID(among: known) },
                networks: networks, networkResourceProperties: networkResourceProperties, now: configuration.now())
        } catch {
            throw LeaseholdError(error)
        }
    }

    /// The arguments of a creation, for nodes of a type.
    ///
    /// - Parameters:
    ///   - nodeType: the type, for example `compute_skylake`.
    ///   - name: the lease's name; `nil` for one made from the time.
    ///   - startsAt: when it starts; `nil` for about a minute from now.
    ///   - endsAt: when it ends. It excludes `length`.
    ///   - length: its duration; a day if neither is given.
    ///   - nodes: the number of nodes; 0 for none.
    ///   - fips: the number of floating IPs; 0 for none.
    ///   - networks: the number of networks; 0 for none.
    ///   - networkResourceProperties: the requirements on the networks.
    ///   - cloud: the cloud; `nil` for the default cloud.
    /// - Returns: the arguments. Their `json` is what python-chi's function returns.
    /// - Throws: ``LeaseholdError`` with the code `invalid`, or `notFound` if the cloud's networks have never been
    ///   read.
    @available(*, deprecated, message: "Make a Lease, and use addNodeReservation.")
    public func leaseCreateNodetype(
        nodeType: String, name: String? = nil, startsAt: Timestamp? = nil, endsAt: Timestamp? = nil,
        length: Duration? = nil, nodes: Int = 1, fips: Int = 0, networks: Int = 0,
        networkResourceProperties: ResourceProperties? = LeaseCreateArguments.standardNetworkProperties,
        cloud: String? = nil
    ) throws(LeaseholdError) -> LeaseCreateArguments {
        try leaseCreateArgs(
            name: name, startsAt: startsAt, endsAt: endsAt, length: length, nodes: nodes,
            nodeResourceProperties: [ResourceCondition("node_type", .equal, .string(nodeType))], fips: fips,
            networks: networks, networkResourceProperties: networkResourceProperties, cloud: cloud)
    }
}
