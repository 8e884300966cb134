package import LeaseModel

extension Mutation {
    /// The write with limits that make sense now, if the clock was ahead when it was asked for: "for ten minutes" was
    /// counted from a time that has not come yet.
    ///
    /// Doing it again changes nothing more.
    package func countingLimits(from now: Timestamp) -> Mutation {
        let error = createdAt.seconds(since: now)
        guard error > LateStart.toleratedClockErrorSeconds else { return self }
        func counted(_ limit: Timestamp?) -> Timestamp? {
            // One that is before the write was asked for has been counted anew, or was meant as it is.
            limit.map { $0 >= createdAt ? $0.adding(seconds: -error) : $0 }
        }
        var next = self
        next.notAfter = counted(notAfter)
        next.retryUntil = counted(retryUntil)
        return next
    }
}
