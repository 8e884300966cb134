package import LeaseModel

/// Looks up names of things that Blazar takes by id, in the catalog of the lease's cloud.
package struct NameResolver {
    /// The networks of the cloud.
    let networks: () throws -> [CatalogResource]
    /// The flavors of the cloud.
    let flavors: () throws -> [CatalogResource]

    package init(
        networks: @escaping () throws -> [CatalogResource], flavors: @escaping () throws -> [CatalogResource]
    ) {
        self.networks = networks
        self.flavors = flavors
    }
}

/// Parses the values of `--node`, `--device`, `--fip`, `--network` and `--flavor`, which use python-chi's names.
package enum RequestArgument {
    /// A reservation, and remarks about how the text was understood.
    package typealias Reading = (request: ReservationRequest, warnings: [String])

    /// `amount=2,node_type=compute_skylake`
    package static func node(_ text: String) throws -> Reading {
        let given = try NamedArguments(
            text, option: "--node",
            known: ["amount", "count", "node_type", "node_name", "architecture", "resource_properties"])
        let (properties, warnings) = try requirement(given)
        let amount = try given.count("amount", "count") ?? 1
        let request = try said(given) { () throws(DraftError) in
            try ReservationRequest.node(
                count: amount, resourceProperties: properties, nodeType: given["node_type"],
                nodeName: given["node_name"], architecture: given["architecture"])
        }
        return (request, warnings)
    }

    /// `amount=1,machine_type=raspberrypi4-64`
    package static func device(_ text: String) throws -> Reading {
        let given = try NamedArguments(
            text, option: "--device",
            known: ["amount", "count", "machine_type", "machine_name", "device_model", "device_name"])
        let amount = try given.count("amount", "count") ?? 1
        let request = try said(given) { () throws(DraftError) in
            try ReservationRequest.device(
                count: amount, machineName: given.text("machine_type", "machine_name"),
                deviceModel: given["device_model"], deviceName: given["device_name"])
        }
        return (request, [])
    }

    /// `2`, or `amount=2,network_id=…`, or `amount=2,network=public`
    package static func floatingIP(_ text: String, _ names: NameResolver) throws -> Reading {
        let isAmount = !text.contains("=")
        let given = try NamedArguments(
            isAmount ? "amount=\(text)" : text, option: "--fip", known: ["amount", "count", "network_id", "network"])
        let amount = try given.count("amount", "count") ?? 1
        if let id = given["network_id"] {
            guard given["network"] == nil else { throw ArgumentProblem.usage("--fip: give network_id or network.") }
            return (.floatingIP(networkID: id, amount: amount), [])
        }
        let networks = try names.networks()
        guard let name = given["network"] else {
            return (
                try said(given) { () throws(DraftError) in try .floatingIP(amount: amount, networks: networks) }, []
            )
        }
        let found = networks.filter { $0.name == name || $0.id == name }
        guard let network = found.first, found.count == 1 else {
            let known = networks.compactMap(\.name)
            let suggestion = Suggestion.nearest(to: name, in: known).map { " Did you mean '\($0)'?" } ?? ""
            let problem =
                found.isEmpty
                ? "is no network in the local database.\(suggestion)"
                : "is the name of several networks: use network_id."
            throw ArgumentProblem.invalid("--fip: '\(name)' \(problem)")
        }
        return (.floatingIP(networkID: network.id, amount: amount), [])
    }

    /// `network_name=mynet,usage_type=storage`
    package static func network(_ text: String) throws -> Reading {
        let given = try NamedArguments(
            text, option: "--network",
            known: [
                "network_name", "usage_type", "stitch_provider", "of_controller_ip", "of_controller_port",
                "vswitch_name", "resource_properties", "physical_network",
            ])
        guard let name = given["network_name"] else {
            throw ArgumentProblem.usage("--network needs network_name=…, the name of the new network.")
        }
        let (properties, warnings) = try requirement(given)
        let physical = given["physical_network"] ?? "physnet1"
        let port = try given.count("of_controller_port")
        let request = try said(given) { () throws(DraftError) in
            try ReservationRequest.network(
                name: name, usageType: given["usage_type"], ofControllerIP: given["of_controller_ip"],
                ofControllerPort: port, vswitchName: given["vswitch_name"], stitchProvider: given["stitch_provider"],
                resourceProperties: properties, physicalNetwork: physical.isEmpty ? nil : physical)
        }
        return (request, warnings)
    }

    /// `name=m1.small,amount=2`
    package static func flavor(_ text: String, _ names: NameResolver) throws -> Reading {
        let given = try NamedArguments(text, option: "--flavor", known: ["name", "id", "amount", "count"])
        let amount = try given.count("amount", "count") ?? 1
        let flavors = given["name"] != nil && given["id"] == nil ? try names.flavors() : []
        return (
            try said(given) { () throws(DraftError) in
                try .flavor(id: given["id"], name: given["name"], amount: amount, flavors: flavors)
            }, []
        )
    }

    // MARK: - Parts

    /// The requirements on the resources. Numbers become strings, because Blazar accepts nothing else.
    private static func requirement(_ given: NamedArguments) throws -> (ResourceProperties?, [String]) {
        guard let text = given["resource_properties"], !text.isEmpty else { return (nil, []) }
        let (properties, warnings) = try said(given) { () throws(DraftError) in
            try ResourceProperties(parsing: text)
        }.withTextValues()
        return (properties, warnings)
    }

    /// Returns the value, or an error that names the option.
    private static func said<Value>(
        _ given: NamedArguments, _ body: () throws(DraftError) -> Value
    ) throws(ArgumentProblem) -> Value {
        do {
            return try body()
        } catch {
            throw ArgumentProblem.invalid("\(given.option): \(error).")
        }
    }
}
