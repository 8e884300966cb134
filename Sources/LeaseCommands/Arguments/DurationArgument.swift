import LeaseModel

/// A length of time as a user types it: `90m`, `1d12h`, `P1DT12H`.
///
/// A day is 24 hours, as everywhere in Blazar's own arithmetic; months and years have no fixed length and are refused.
package struct DurationArgument: Sendable, Hashable {
    /// The length in seconds, never negative.
    package let seconds: Int64

    package init(seconds: Int64) { self.seconds = seconds }

    /// Reads a length of time; use it as an option's `transform`.
    package init(parsing text: String) throws(DurationSyntaxError) {
        guard let seconds = DurationText.seconds(in: text) else { throw DurationSyntaxError(text: text) }
        self.seconds = seconds
    }
}

/// A text is not a length of time.
package struct DurationSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text as typed.
    package let text: String

    package var description: String {
        let hint = Int64(text) == nil ? "" : " It has no unit."
        return "'\(text.escapedForTerminal)' is not a length of time.\(hint) "
            + "Give for example 60s, 90m, 2h, 1d12h, 2w, or ISO 8601 such as P1DT12H."
    }
}
