import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// The option that selects resources by their properties.
package struct PropertyOptions: ParsableArguments {
    @Option(
        name: .customLong("property"), parsing: .singleValue,
        help: ArgumentHelp(
            "Only with this property, for example node_type=gpu_p100; repeat it for more.",
            valueName: "name=value"))
    var properties: [String] = []

    package init() {}

    func matching(_ resources: [MirroredResource]) throws -> [MirroredResource] {
        let wanted = try properties.map { text -> (name: String, value: String) in
            guard let equals = text.firstIndex(of: "=") else {
                throw CommandError.usage("--property takes NAME=VALUE, not '\(text)'.")
            }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
        return resources.filter { resource in
            wanted.allSatisfy { resource.resource.fields[$0.name]?.plain == $0.value }
        }
    }
}

extension ReadingOptions {
    /// Writes the resources of a kind, and says which sites do not report them.
    func writeResources<Row>(
        _ kind: ResourceKind, _ columns: [Column<Row>], _ console: inout Console,
        rows: ([MirroredResource]) throws -> [Row]
    ) async throws {
        let (manager, scopes) = try await open(&console)
        try remarkListings(kind, manager, scopes: scopes, &console)
        try write(rows(manager.resources(kind, scopes: scopes)), columns, &console)
        try remarkFreshness(manager, scopes: scopes, &console)
    }

    /// Says which sites do not report a kind of resource, and why.
    func remarkListings(
        _ kind: ResourceKind, _ manager: LeaseManager, scopes: Set<Int64>?, _ console: inout Console
    ) throws {
        guard !output.isQuiet else { return }
        let sites = Dictionary(uniqueKeysWithValues: try manager.scopes().map { ($0.id, $0.site) })
        for listing in try manager.resourceListings(scopes: scopes) where listing.kind == kind {
            let site = sites[listing.scopeID] ?? "?"
            switch listing.outcome {
            case .listed: break
            case .forbidden:
                console.remark("\(site): not allowed: \(listing.message ?? "the site does not show them")")
            case .notOffered: console.remark("\(site): the site has none.")
            case .failed: console.remark("\(site): not read: \(listing.message ?? "no reason given")")
            }
        }
    }
}
