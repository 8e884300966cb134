import ArgumentParser
import LeaseModel
import LeaseText
import Output

/// The dates under the names of OpenStack's client. They are in UTC, as in that client, whatever the zone.
package struct OpenStackDates: ParsableArguments {
    @Option(
        name: .customLong("start-date"), parsing: .unconditional,
        help: ArgumentHelp("The start, in UTC.", valueName: "time"))
    var startDate: String?
    @Option(
        name: .customLong("end-date"), parsing: .unconditional,
        help: ArgumentHelp("The end, in UTC.", valueName: "time"))
    var endDate: String?

    package init() {}

    func start(_ console: Console) throws -> Timestamp? { try moment(startDate, console) }
    func end(_ console: Console) throws -> Timestamp? { try moment(endDate, console) }

    private func moment(_ text: String?, _ console: Console) throws -> Timestamp? {
        try text.map { try TimeArgument(parsing: $0).moment(now: console.now(), zone: .utc) }
    }
}

/// The options of OpenStack's client that move a lease.
package struct OpenStackMoves: ParsableArguments {
    @Option(name: .customLong("prolong-for"), help: ArgumentHelp("How much later to end.", valueName: "duration"))
    var prolonging: String?
    @Option(name: .customLong("reduce-by"), help: ArgumentHelp("How much earlier to end.", valueName: "duration"))
    var reduction: String?
    @Option(name: .customLong("defer-by"), help: ArgumentHelp("How much later to start.", valueName: "duration"))
    var deferral: String?
    @Option(name: .customLong("advance-by"), help: ArgumentHelp("How much earlier to start.", valueName: "duration"))
    var advance: String?

    package init() {}

    /// How far the end moves, in seconds.
    func endSeconds() throws -> Int64? { try one("--prolong-for", prolonging, "--reduce-by", reduction) }
    /// How far the start moves, in seconds.
    func startSeconds() throws -> Int64? { try one("--defer-by", deferral, "--advance-by", advance) }

    private func one(_ later: String, _ more: String?, _ earlier: String, _ less: String?) throws -> Int64? {
        switch (more, less) {
        case (let more?, nil): return try DurationArgument(parsing: more).seconds
        case (nil, let less?): return try -DurationArgument(parsing: less).seconds
        case (nil, nil): return nil
        default: throw CommandError.usage("\(later) and \(earlier) contradict each other: give one.")
        }
    }
}
