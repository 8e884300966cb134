import ArgumentParser
import LeaseModel

/// The options for the two questions about the past.
package struct PastOptions: ParsableArguments {
    @Option(
        name: .customLong("on"), parsing: .unconditional,
        help: ArgumentHelp("What was held at this time, including removed leases.", valueName: "time"))
    var heldAt: String?

    @Option(
        name: .customLong("as-known-at"), parsing: .unconditional,
        help: ArgumentHelp("What had been observed by this time.", valueName: "time"))
    var knownAt: String?

    package init() {}
}
