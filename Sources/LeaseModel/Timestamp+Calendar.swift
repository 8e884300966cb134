extension Timestamp {
    /// Whether it is in the years 1 to 9999, so that what is written can be read again.
    package var isInCalendar: Bool { (-62_135_596_800...253_402_300_799).contains(secondsSince1970) }
}
