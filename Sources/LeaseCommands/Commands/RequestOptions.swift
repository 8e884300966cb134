import ArgumentParser
import LeaseModel
import LeaseText

/// The options for what to reserve, under python-chi's names, and for anything else in the openstack command's syntax.
package struct RequestOptions: ParsableArguments {
    @Option(
        name: .customLong("node"), parsing: .singleValue,
        help: ArgumentHelp(
            "Nodes: amount, node_type, node_name, architecture, resource_properties; repeat it for more.",
            valueName: "amount=2,node_type=..."))
    var nodes: [String] = []

    @Option(
        name: .customLong("device"), parsing: .singleValue,
        help: ArgumentHelp(
            "Edge devices: amount, machine_type, device_model, device_name.", valueName: "amount=1,machine_type=..."))
    var devices: [String] = []

    @Option(
        name: .customLong("fip"), parsing: .singleValue,
        help: ArgumentHelp(
            "Floating IPs: how many of the public network, or amount, network_id or network (a name).",
            valueName: "amount"))
    var floatingIPs: [String] = []

    @Option(
        name: .customLong("network"), parsing: .singleValue,
        help: ArgumentHelp(
            "A network: network_name, usage_type, stitch_provider, resource_properties, physical_network, "
                + "of_controller_ip, of_controller_port, vswitch_name.", valueName: "network_name=..."))
    var networks: [String] = []

    @Option(
        name: .customLong("flavor"), parsing: .singleValue,
        help: ArgumentHelp("Instances of a flavor: name or id, and amount.", valueName: "name=m1.small,amount=2"))
    var flavors: [String] = []

    @Option(
        name: .customLong("physical-reservation"), parsing: .singleValue,
        help: ArgumentHelp(
            "Nodes, as the openstack command takes them; repeat it for more.", valueName: "min=1,max=2,..."))
    var physicalReservations: [String] = []

    @Option(
        name: .customLong("reservation"), parsing: .singleValue,
        help: ArgumentHelp(
            "Anything else, as the openstack command takes it; repeat it for more.",
            valueName: "resource_type=...,name=value,..."))
    var reservations: [String] = []

    package init() {}

    /// The requested reservations.
    ///
    /// - Parameter names: looks up names.
    /// - Returns: the reservations, in the order in which python-chi sends them, and remarks about how they were
    ///   understood.
    /// - Throws: ``CommandError`` that names the wrong option, or the lookup's error.
    func requests(_ names: NameResolver) throws -> (requests: [ReservationRequest], warnings: [String]) {
        let read: [RequestArgument.Reading] =
            try devices.map(RequestArgument.device) + nodes.map(RequestArgument.node)
            + floatingIPs.map { try RequestArgument.floatingIP($0, names) }
            + flavors.map { try RequestArgument.flavor($0, names) } + networks.map(RequestArgument.network)
            + physicalReservations.map {
                (.other(try ReservationArgument.parse("resource_type=physical:host,\($0)")), [])
            }
            + reservations.map { (.other(try ReservationArgument.parse($0)), []) }
        return (read.map(\.request), read.flatMap(\.warnings))
    }
}
