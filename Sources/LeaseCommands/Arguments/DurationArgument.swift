import LeaseModel

/// A duration as a user types it: `90m`, `1d12h`, `P1DT12H`.
///
/// A day is 24 hours, as in all of Blazar's arithmetic. Months and years have no fixed length and are refused.
package struct DurationArgument: Sendable, Hashable {
    /// The length in seconds, never negative.
    package let seconds: Int64

    package init(seconds: Int64) { self.seconds = seconds }

    /// Parses a duration. Use this as an option's `transform`.
    package init(parsing text: String) throws(DurationSyntaxError) {
        guard let seconds = DurationText.seconds(in: text) else { throw DurationSyntaxError(text: text) }
        self.seconds = seconds
    }
}

/// The text is not a duration.
package struct DurationSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text as typed.
    package let text: String

    package var description: String {
        let hint = Int64(text) == nil ? "" : " It has no unit."
        return "'\(text.escapedForTerminal)' is not a duration.\(hint) "
            + "Give for example 60s, 90m, 2h, 1d12h, 2w, or ISO 8601 such as P1DT12H."
    }
}
