package import LeaseModel

/// How the state of a lease follows another when it is observed: nothing that is known was seen later.
///
/// For observations in the order of their time this is the history that ``ObservedTimeline`` makes of all of them.
extension LeaseVersion {
    /// This state once something else was seen.
    ///
    /// - Parameter moment: when that was. A clock that was set back never makes an interval end before it began.
    /// - Returns: the state, which is over.
    package func ended(at moment: Timestamp) -> LeaseVersion {
        let until = max(moment, observedAt)
        return LeaseVersion(
            lease: lease, observedAt: observedAt, lastSeenAt: min(until, max(observedAt, lastSeenAt)),
            observedUntil: until, departure: departure, partial: partial)
    }

    /// The state that holds after this one, which is over, when the lease was seen to be as it is given.
    package func followed(by lease: BlazarLease) -> LeaseVersion {
        let since = observedUntil ?? lastSeenAt
        return LeaseVersion(lease: lease, observedAt: since, lastSeenAt: since, observedUntil: nil, departure: nil)
    }

    /// The state that holds after this one, which is over, when the lease was not there any more.
    package func followed(byGoing reason: Departure.Reason) -> LeaseVersion {
        let since = observedUntil ?? lastSeenAt
        return LeaseVersion(
            lease: lease, observedAt: since, lastSeenAt: since, observedUntil: nil,
            departure: Departure(reason: reason, after: departure?.after ?? lastSeenAt, before: since))
    }
}
