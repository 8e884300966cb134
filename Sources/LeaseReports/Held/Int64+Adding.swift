extension Int64 {
    /// Adds seconds, and stops at the greatest number. As long as no part is negative, the result does not depend on
    /// the order of the parts.
    mutating func add(_ seconds: Int64) {
        let (sum, overflows) = addingReportingOverflow(seconds)
        self = overflows ? .max : sum
    }
}
