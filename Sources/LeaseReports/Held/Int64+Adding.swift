extension Int64 {
    /// Adds seconds. A sum that no number holds is the greatest there is, in whatever order its parts come, as long as
    /// none is negative.
    mutating func add(_ seconds: Int64) {
        let (sum, overflows) = addingReportingOverflow(seconds)
        self = overflows ? .max : sum
    }
}
