import ArgumentParser
import LeaseModel
import Output

/// The options that narrow a list of leases. A lease must match all of them.
package struct LeaseFilterOptions: ParsableArguments {
    @OptionGroup var match: LeaseMatchOptions

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
    var includesDeparted = false

    package init() {}

    /// Whether they ask for leases that may have ended.
    var asksForEnded: Bool {
        !match.statuses.isEmpty || includesDeparted || activeAt != nil || from != nil || to != nil
    }

    /// The filter. Its times are read in the given zone.
    ///
    /// - Throws: ``CommandError`` for a status that Blazar does not have, a time that cannot be parsed, or a period
    ///   that ends before it starts.
    func filter(now: Timestamp, zone: DisplayZone, scopes: Set<Int64>?) throws -> LeaseFilter {
        func moment(_ text: String?) throws -> Timestamp? {
            try text.map { try TimeArgument(parsing: $0).moment(now: now, zone: zone) }
        }
        var filter = try match.filter()
        filter.activeAt = try moment(activeAt)
        filter.from = try moment(from)
        filter.to = try moment(to)
        filter.includesDeparted = includesDeparted
        filter.scopes = scopes
        if let from = filter.from, let to = filter.to, to < from {
            throw CommandError.usage("The period ends (--to \(to)) before it starts (--from \(from)).")
        }
        return filter
    }
}
