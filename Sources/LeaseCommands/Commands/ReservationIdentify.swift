package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold reservation-id`
package struct ReservationIdentify: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "reservation-id",
        abstract: "Print the id of the matching reservation of a lease.",
        usage: "leasehold reservation-id <lease> [--type <type>] [<options>]",
        discussion: .paragraphs(
            """
            Instances and containers are launched with this id. The command prints only the id. If several reservations
            match, they are listed on standard error and the exit status is 65; if none matches, it is 66.

            EXAMPLES
              leasehold reservation-id mylease --type node
              leasehold reservation-id mylease --node-type gpu_rtx_6000 --count 2
              leasehold reservation-id mylease --type device --machine-name raspberrypi4-64
              leasehold reservation-id mylease \\
                --resource-properties '[">=", "$gpu.gpu_count", "4"]'
            """))

    @Argument(
        help: ArgumentHelp("The lease: its name, its id, or the beginning of its id.", valueName: "lease"),
        completion: .values(.leases))
    var reference: String
    @Option(
        name: .customLong("type"),
        help: ArgumentHelp(
            "Only of this type: node, device, fip, network, flavor, instance, or Blazar's own name.",
            valueName: "type"), completion: .list(ResourceType.shortNames.map(\.name)))
    var type: String?
    @Option(name: .customLong("count"), help: ArgumentHelp("Only for this number of resources.", valueName: "number"))
    var count: Int?
    @Option(name: .customLong("node-type"), help: ArgumentHelp("Only for this node type.", valueName: "type"))
    var nodeType: String?
    @Option(
        name: .customLong("architecture"),
        help: ArgumentHelp("Only for this architecture, for example x86_64.", valueName: "name"))
    var architecture: String?
    @Option(name: .customLong("machine-name"), help: ArgumentHelp("Only for this machine name.", valueName: "name"))
    var machineName: String?
    @Option(name: .customLong("device-model"), help: ArgumentHelp("Only for this model.", valueName: "model"))
    var deviceModel: String?
    @Option(
        name: .customLong("device-name"), help: ArgumentHelp("Only for the device with this name.", valueName: "name"))
    var deviceName: String?
    @Option(
        name: .customLong("resource-properties"),
        help: ArgumentHelp("Only with exactly these requirements.", valueName: "expression"))
    var properties: String?
    @OptionGroup var global: GlobalOptions

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let query = try query
        let manager = try global.manager(console)
        let lease = try manager.lease(reference, scopes: global.scopes(manager, console))
        let fitting = lease.lease.reservations.filter(query.matches)
        guard !lease.isOutline else {
            throw CommandError(
                code: "not_found",
                message: """
                    The reservations of '\(lease.lease.name)' are not known: only its name and dates were taken in. \
                    Sync its site, or import it whole.
                    """,
                status: .notFound)
        }
        guard let found = fitting.first else {
            throw CommandError(
                code: "not_found",
                message: "'\(lease.lease.name)' has no such reservation; it has \(lease.lease.reservations.count).",
                status: .notFound, candidates: lease.lease.reservations.map(CommandError.Candidate.init))
        }
        guard fitting.count == 1 else {
            throw CommandError(
                code: "ambiguous",
                message: "\(fitting.count) reservations of '\(lease.lease.name)' fit. Say more: --type, --count, …",
                status: .data, candidates: fitting.map(CommandError.Candidate.init))
        }
        try console.output.write(found.id + "\n")
    }

    private var query: ReservationQuery {
        get throws {
            let values = [
                "node_type": nodeType, "architecture.platform_type": architecture, "machine_name": machineName,
                "model": deviceModel, "name": deviceName,
            ]
            var query = ReservationQuery(
                resourceType: type.map(ResourceType.init(named:)), count: count,
                requiredValues: values.compactMapValues { $0 })
            guard let properties else { return query }
            do {
                query.resourceProperties = try ResourceProperties(parsing: properties)
            } catch {
                throw CommandError.usage("--resource-properties: \(error).")
            }
            return query
        }
    }
}
