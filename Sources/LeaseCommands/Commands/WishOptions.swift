import ArgumentParser
import LeaseModel
import Leasehold

/// The options that say which resources to look for.
package struct WishOptions: ParsableArguments {
    @Option(
        name: .customLong("type"),
        help: ArgumentHelp("Resources of this type: node, device or fip. Default: node.", valueName: "type"))
    var type: String?
    @Option(
        name: .customLong("node-type"), help: ArgumentHelp("Hosts of this node type.", valueName: "type"),
        completion: .values(.nodeTypes))
    var nodeType: String?
    @Option(
        name: .customLong("resource-properties"),
        help: ArgumentHelp("Only what matches this, in Blazar's syntax.", valueName: "expression"))
    var expression: String?
    @Option(
        name: .customLong("network"),
        help: ArgumentHelp("Floating IPs of this network, by name or id.", valueName: "network"))
    var network: String?

    package init() {}

    /// What to look for.
    func wish(_ properties: PropertyOptions, flavor: String? = nil) throws -> ResourceWish {
        var conditions: [ResourceCondition] = []
        if let expression {
            do {
                conditions = try ResourceProperties(parsing: expression).withTextValues().properties.conditions
            } catch {
                throw CommandError.usage("--resource-properties: \(error).")
            }
        }
        if let nodeType { conditions.append(ResourceCondition("node_type", .equal, .string(nodeType))) }
        conditions += try properties.conditions()
        return ResourceWish(
            try resourceType(flavor: flavor), properties: ResourceProperties(conditions), network: network,
            flavor: flavor)
    }

    private func resourceType(flavor: String?) throws -> ResourceType {
        guard let type else { return flavor != nil ? .flavor : network != nil ? .floatingIP : .host }
        let resourceType = ResourceType(named: type)
        guard resourceType.hasCalendar, resourceType != .flavor, flavor == nil else {
            throw CommandError.usage(
                flavor == nil
                    ? "--type takes node, device or fip, not '\(type)'. For instances: --flavor NAME."
                    : "Give --type or --flavor, not both.")
        }
        return resourceType
    }
}
