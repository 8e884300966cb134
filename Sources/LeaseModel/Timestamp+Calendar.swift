extension Timestamp {
    /// Whether it is in the years 1 to 9999, so that what is written can be read again.
    package var isInCalendar: Bool { Self.written.contains(secondsSince1970) }
}
