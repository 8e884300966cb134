import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// The options of a lease that is created when there is room for it.
package struct WhenFreeOptions: ParsableArguments {
    @Flag(
        name: .customLong("when-free"),
        help: "Create it as soon as there is room. Until then it waits in the queue, and each sync looks for room.")
    var waits = false

    @Option(
        name: .customLong("earliest"), parsing: .unconditional,
        help: ArgumentHelp("With --when-free: it does not start before this time. Default: now.", valueName: "time"))
    var earliest: String?

    @Option(
        name: .customLong("latest"), parsing: .unconditional,
        help: ArgumentHelp(
            "With --when-free: it does not start after this time, and is given up then.", valueName: "time"))
    var latest: String?

    @Option(
        name: .customLong("ahead"),
        help: ArgumentHelp(
            "With --when-free: how long before its start it may be created; 0m to wait for its start. Default: any "
                + "time, so that nobody else gets the slot.", valueName: "duration"))
    var ahead: String?

    @Option(
        name: .customLong("or"), parsing: .singleValue,
        help: ArgumentHelp(
            "With --when-free: another node type or cloud that will do, too; repeat it for more.",
            valueName: "node_type=...,os_cloud=..."))
    var alternatives: [String] = []

    package init() {}

    package func validate() throws {
        guard !waits else { return }
        for (option, isGiven) in [
            ("--earliest", earliest != nil), ("--latest", latest != nil), ("--ahead", ahead != nil),
            ("--or", !alternatives.isEmpty),
        ] where isGiven {
            throw ValidationError("\(option) needs --when-free.")
        }
    }

    /// The conditions; `nil` for a lease that does not wait.
    ///
    /// - Throws: ``CommandError`` that names the wrong option.
    func conditions(now: Timestamp, zone: DisplayZone) throws -> WhenFree? {
        guard waits else { return nil }
        let latest = try latest.map { try TimeArgument(parsing: $0).moment(now: now, zone: zone) }
        guard latest.map({ $0 >= now }) ?? true else { throw CommandError.usage("--latest takes a time to come.") }
        return WhenFree(
            earliest: try earliestStart(now: now, zone: zone), latest: latest,
            aheadSeconds: try ahead.map { try DurationArgument(parsing: $0).seconds },
            alternatives: try alternatives.map(Self.alternative))
    }

    /// The earliest start; `nil` for now.
    func earliestStart(now: Timestamp, zone: DisplayZone) throws -> Timestamp? {
        try earliest.map { try TimeArgument(parsing: $0).moment(now: now, zone: zone) }.flatMap { $0 > now ? $0 : nil }
    }

    private static func alternative(_ text: String) throws -> WhenFree.Alternative {
        var alternative = WhenFree.Alternative()
        guard !text.isEmpty else {
            throw CommandError.usage("--or takes node_type=TYPE, os_cloud=CLOUD, or both, not an empty text.")
        }
        for part in text.split(separator: ",") {
            let words = part.split(separator: "=", maxSplits: 1).map(String.init)
            switch (words.first, words.count) {
            case ("node_type", 2), ("machine_type", 2): alternative.nodeType = words[1]
            case ("os_cloud", 2): alternative.cloud = words[1]
            default: throw CommandError.usage("--or takes node_type=TYPE, os_cloud=CLOUD, or both, not '\(text)'.")
            }
        }
        return alternative
    }
}
