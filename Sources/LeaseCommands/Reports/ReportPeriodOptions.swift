import ArgumentParser
import LeaseModel
import LeaseReports
import Output

/// The options for the period of a report.
package struct ReportPeriodOptions: ParsableArguments {
    @Option(
        name: .customLong("from"), parsing: .unconditional,
        help: ArgumentHelp("The beginning of the period. Default: the first lease.", valueName: "time"))
    var from: String?

    @Option(
        name: .customLong("to"), parsing: .unconditional,
        help: ArgumentHelp(
            "The end of the period, exclusive. Default: now; no end for early, lead-time, failures, ical.",
            valueName: "time"))
    var to: String?

    package init() {}

    /// The requested period.
    ///
    /// - Parameters:
    ///   - now: the current time.
    ///   - zone: the zone of times that name none.
    ///   - defaultEnd: the end of the period if the options give none; now if `nil`.
    /// - Returns: the period. Without a start option, it has no beginning.
    /// - Throws: ``CommandError`` if the period ends before it starts, ``TimeArgumentError`` if a text is not a time.
    func period(now: Timestamp, zone: DisplayZone, defaultEnd: Timestamp? = nil) throws -> Range<Timestamp> {
        func moment(_ text: String?) throws -> Timestamp? {
            try text.map { try TimeArgument(parsing: $0).moment(now: now, zone: zone) }
        }
        let start = try moment(from) ?? .distantPast
        let end = try moment(to) ?? defaultEnd ?? now
        guard start < end else {
            let text = TimeText(zone: zone)
            throw CommandError.usage(
                "The period ends (\(text.full(end))) before it starts (\(text.full(start))), or at the same time. "
                    + "Give --from and --to so that the first is earlier.")
        }
        return start..<end
    }
}

extension TimeText {
    /// `2026-03-02 00:00 +01:00 to 2026-04-06 00:00 +02:00.`
    func period(_ period: Range<Timestamp>) -> String {
        let start = period.lowerBound == .distantPast ? "The first lease" : full(period.lowerBound)
        return period.upperBound == .distantFuture ? "\(start) on." : "\(start) to \(full(period.upperBound))."
    }

    /// `Mon 2 Mar 00:00 CET to Mon 6 Apr 00:00 CEST`; `nil` for all time.
    func span(_ period: Range<Timestamp>) -> String? {
        switch (period.lowerBound == .distantPast, period.upperBound == .distantFuture) {
        case (true, true): nil
        case (true, false): "from the first lease to \(zoned(period.upperBound))"
        case (false, true): "from \(zoned(period.lowerBound))"
        case (false, false): self.period(from: period.lowerBound, to: period.upperBound)
        }
    }
}
