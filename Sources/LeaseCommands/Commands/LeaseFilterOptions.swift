import ArgumentParser
import LeaseModel
import LeaseText
import Output

/// The options that narrow a list of leases, beside ``LeaseMatchOptions``. A lease must match all of them.
package struct LeaseFilterOptions: ParsableArguments {
    @Option(
        name: .customLong("active-at"), parsing: .unconditional,
        help: ArgumentHelp(
            "Only those that run at this time: 'now', '2026-11-22 18:00', '+2d', ISO 8601.", valueName: "time"))
    var activeAt: String?

    @Option(
        name: .customLong("from"), parsing: .unconditional,
        help: ArgumentHelp("Only those that end after this time.", valueName: "time"))
    var from: String?

    @Option(
        name: .customLong("to"), parsing: .unconditional,
        help: ArgumentHelp("Only those that start before this time.", valueName: "time"))
    var to: String?

    @Flag(name: .customLong("deleted"), help: "Include leases that their site no longer lists.")
    var includesRemoved = false

    package init() {}

    /// The filter. Its times are read in the given zone.
    ///
    /// - Throws: ``CommandError`` for a status that Blazar does not have, a time that cannot be parsed, or a period
    ///   that ends before it starts.
    func filter(_ match: LeaseMatchOptions, now: Timestamp, zone: DisplayZone, scopes: Set<Int64>?) throws
        -> LeaseFilter
    {
        func moment(_ text: String?) throws -> Timestamp? {
            try text.map { try TimeArgument(parsing: $0).moment(now: now, zone: zone) }
        }
        var filter = try match.filter()
        filter.activeAt = try moment(activeAt)
        filter.from = try moment(from)
        filter.to = try moment(to)
        filter.includesRemoved = includesRemoved
        filter.scopes = scopes
        if let from = filter.from, let to = filter.to, to < from {
            throw CommandError.usage("The period ends (--to \(to)) before it starts (--from \(from)).")
        }
        return filter
    }
}

/// The options that select leases, in all commands about them. A lease must match all of them.
package struct LeaseMatchOptions: ParsableArguments {
    @Option(
        name: .customLong("status"), parsing: .singleValue,
        help: ArgumentHelp("Only this status; repeat it for more. Case does not matter.", valueName: "status"),
        completion: .list(LeaseStatus.known.map { $0.rawValue.lowercased() } + ["queued"]))
    var statuses: [String] = []

    @Option(
        name: .customLong("project"), help: ArgumentHelp("Only this project, by id or name.", valueName: "project"),
        completion: .values(.projects))
    var project: String?

    @Option(
        name: .customLong("user"), help: ArgumentHelp("Only this user's, by id or name.", valueName: "user"),
        completion: .values(.users))
    var user: String?

    @Option(
        name: .customLong("name"),
        help: ArgumentHelp("Only names that match, with *, ? and [...] as in a shell.", valueName: "glob"))
    var nameGlob: String?

    @Option(
        name: .customLong("type"), parsing: .singleValue,
        help: ArgumentHelp(
            "Only with a reservation of this type: node, fip, flavor, instance, network, device, or Blazar's own name.",
            valueName: "type"), completion: .list(ResourceType.shortNames.map(\.name)))
    var types: [String] = []

    @Option(
        name: .customLong("node-type"),
        help: ArgumentHelp("Only with a reservation that asks for this node type.", valueName: "type"),
        completion: .values(.nodeTypes))
    var nodeType: String?

    @Option(
        name: .customLong("resource"),
        help: ArgumentHelp(
            "Only those that hold this host, device or floating IP, by id or name, if the site reports it.",
            valueName: "resource"))
    var resource: String?

    @Flag(name: .customLong("mine"), help: "Only my own.")
    var isMine = false

    package init() {}

    /// The filter that the options describe.
    ///
    /// - Throws: ``CommandError`` for a status that Blazar does not have.
    func filter() throws -> LeaseFilter {
        var filter = LeaseFilter()
        filter.statuses = Set(try statuses.flatMap { $0.split(separator: ",") }.map { try Self.status(String($0)) })
        filter.project = project
        filter.user = user
        filter.nameGlob = nameGlob
        filter.resourceTypes = Set(types.flatMap { $0.split(separator: ",") }.map { ResourceType(named: String($0)) })
        filter.nodeType = nodeType
        filter.resource = resource
        filter.isMine = isMine
        return filter
    }

    private static func status(_ text: String) throws -> LeaseStatus {
        let status = LeaseStatus(rawValue: text.uppercased())
        let all = LeaseStatus.known + [.queued]
        guard all.contains(status) else {
            let known = all.map(\.rawValue)
            let suggestion = Suggestion.nearest(to: text, in: known).map { " Did you mean \($0)?" } ?? ""
            throw CommandError.usage(
                "There is no lease status '\(text)'.\(suggestion) Known: \(known.joined(separator: ", ")).")
        }
        return status
    }
}
