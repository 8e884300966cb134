/// The calendar units into which a report divides its period.
package enum Bucket: String, Sendable, Hashable, CaseIterable {
    case day
    /// From Monday (ISO 8601).
    case week
    case month
}
