/// The stretches of a calendar into which a report divides its period.
package enum Bucket: String, Sendable, Hashable, CaseIterable {
    case day
    /// From Monday, as ISO 8601 has it.
    case week
    case month
}
