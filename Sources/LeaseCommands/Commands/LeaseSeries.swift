import ArgumentParser
import LeaseModel
import LeaseText
import Output

/// The options that repeat a lease.
package struct LeaseSeries: ParsableArguments {
    @Option(
        name: .customLong("count"),
        help: ArgumentHelp("Create this many leases; {n} in the name becomes the number of each.", valueName: "number"))
    var count: Int?

    @Option(
        name: .customLong("every"),
        help: ArgumentHelp(
            "Repeat every 1d, 1w, ... at the same time of day; with --until or --count.", valueName: "duration"))
    var every: String?

    @Option(
        name: .customLong("until"), parsing: .unconditional,
        help: ArgumentHelp("With --every: the last one starts before this time.", valueName: "time"))
    var until: String?

    @Flag(
        name: .customLong("all-or-none"),
        help: "If one is refused, delete those that were created, and ask for no more.")
    var isAllOrNone = false

    package init() {}

    /// Whether several are made of each.
    var isSeries: Bool { count != nil || every != nil }

    /// The most leases that one command makes.
    private static let maxCount = 1_000

    package func validate() throws {
        if let count, !(1...Self.maxCount).contains(count) {
            throw ValidationError("--count takes a number of leases, 1 to \(Self.maxCount).")
        }
        guard every != nil || until == nil else { throw ValidationError("--until needs --every.") }
        guard every == nil || until != nil || count != nil else {
            throw ValidationError("--every needs --until TIME or --count NUMBER.")
        }
    }

    /// The repetitions of a draft.
    ///
    /// Days and weeks follow the zone's clocks: a lease that starts at nine starts at nine in summer and in winter. If
    /// the clocks skip that time, the lease starts as long after the beginning of the day as on other days.
    ///
    /// - Parameters:
    ///   - draft: the first one.
    ///   - now: the current time.
    ///   - zone: the user's zone.
    /// - Returns: the drafts, with different names if there are several.
    /// - Throws: ``CommandError`` if there are none, or too many.
    func drafts(from draft: LeaseDraft, now: Timestamp, zone: DisplayZone) throws -> [LeaseDraft] {
        guard let every else {
            guard let count else { return [draft] }
            return named(Array(repeating: draft, count: count))
        }
        let seconds = try DurationArgument(parsing: every).seconds
        guard seconds > 0 else { throw CommandError.usage("--every must be longer than 0.") }
        let end = try until.map { try TimeArgument(parsing: $0).moment(now: now, zone: zone) }
        let first = if case .at(let start) = draft.start { start } else { now }
        let clock = zone.clock(at: first)
        var drafts: [LeaseDraft] = []
        while drafts.count < count ?? .max {
            let start = Self.moment(showing: clock.adding(seconds: Int64(drafts.count) * seconds), zone)
            if let end, start >= end { break }
            guard drafts.count < Self.maxCount else {
                throw CommandError.usage("--every \(every) makes more than \(Self.maxCount) leases until then.")
            }
            var next = draft
            let shift = start.seconds(since: first)
            if !drafts.isEmpty { next.start = .at(start) }
            next.endsAt = draft.endsAt.adding(seconds: shift)
            next.beforeEnd = draft.beforeEnd?.adding(seconds: shift)
            drafts.append(next)
        }
        guard !drafts.isEmpty else { throw CommandError.usage("--until is not after the first start.") }
        return named(drafts)
    }

    private static func moment(showing clock: Timestamp, _ zone: DisplayZone) -> Timestamp {
        if let moment = zone.moments(showing: clock).first { return moment }
        return clock.adding(seconds: -Int64(zone.offsetSeconds(clock.adding(seconds: -86_400))))
    }

    private func named(_ drafts: [LeaseDraft]) -> [LeaseDraft] {
        let isNumbered = drafts.count < 2 || drafts.contains { $0.name.contains("{n}") }
        return Self.numbered(
            isNumbered
                ? drafts
                : drafts.map { draft in
                    var draft = draft
                    draft.name += "-{n}"
                    return draft
                })
    }

    /// Puts numbers in place of `{n}` in names, with as many digits as the last needs.
    static func numbered(_ drafts: [LeaseDraft]) -> [LeaseDraft] {
        drafts.enumerated().map { index, draft in
            let digits = String(index + 1)
            let number = String(repeating: "0", count: String(drafts.count).count - digits.count) + digits
            var draft = draft
            draft.name = draft.name.replacing("{n}", with: number)
            return draft
        }
    }
}
