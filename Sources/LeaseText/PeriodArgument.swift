package import LeaseModel
package import Output

/// The period of a lease to be created, as a person writes it.
package struct PeriodArgument: Sendable, Hashable {
    package let start: LeaseDraft.Start
    package let endsAt: Timestamp

    /// Reads the texts.
    ///
    /// - Parameters:
    ///   - start: when it starts; now if `nil`.
    ///   - startZone: the zone of the start; that of the end if `nil`.
    ///   - end: when it ends.
    ///   - duration: how long it lasts, if no end is given.
    ///   - standardSeconds: how long it lasts if neither is given.
    ///   - now: the current time.
    ///   - zone: the reader's zone.
    /// - Throws: ``TimeArgumentError`` or ``DurationSyntaxError`` for a text that cannot be read.
    package init(
        start: String?, startZone: DisplayZone? = nil, end: String?, duration: String?,
        standardSeconds: Int64 = 86_400, now: Timestamp, zone: DisplayZone
    ) throws {
        let startTime = try TimeArgument(parsing: start ?? "now")
        let startsAt = try startTime.moment(now: now, zone: startZone ?? zone)
        self.start = startTime.isNow ? .now : .at(startsAt)
        if let end {
            endsAt = try TimeArgument(parsing: end).moment(now: now, zone: zone)
        } else {
            let seconds = try duration.map { try DurationArgument(parsing: $0).seconds } ?? standardSeconds
            endsAt = startsAt.adding(seconds: seconds)
        }
    }
}
