/// A way to break the engine on purpose, to verify that the simulation notices it.
///
/// None of it is in the shipped modules: each mutant uses a parameter that exists anyway, or changes the database from
/// outside.
package enum Mutant: String, Sendable, Hashable, CaseIterable {
    /// The attempt is not on disk when the request is sent: a crash takes the database back to before it.
    case noCommitBeforeSending = "no-commit-before-sending"
    /// A lost answer counts as not carried out at once.
    case noQuietPeriod = "no-quiet-period"
    /// A lease is taken for ours because it looks alike, though the server keeps tokens.
    case adoptsWithoutToken = "adopts-without-token"
    /// A write that was being sent when the process died is sent again.
    case resendsAfterCrash = "resends-after-crash"
    /// No lease is read before a change: the read returns what the mirror has.
    case skipsLook = "skips-look"
    /// Conflicts are resolved for the local value, without a person.
    case ignoresConflict = "ignores-conflict"
    /// Writes go to the other region.
    case wrongCloud = "wrong-cloud"
    /// When two changes are merged, a field of the first is lost.
    case dropsField = "drops-field"
    /// When two changes are merged, the second replaces the first.
    case replacesInsteadOfMerging = "replaces-instead-of-merging"
    /// Whether a request was sent is guessed from the kind of error.
    case kindInsteadOfPhase = "kind-instead-of-phase"
    /// A write that a person has given up is looked for and sent all the same.
    case sendsWhatWasGivenUp = "sends-what-was-given-up"
    /// Observations are dated by the computer's clock, however wrong it is.
    case trustsOwnClock = "trusts-own-clock"
    /// A lease is kept a day longer than it was asked for.
    case keepsTooLong = "keeps-too-long"
    /// Kept leases are not extended.
    case keeperSleeps = "keeper-sleeps"
    /// Creations that wait for room are never sent.
    case waiterSleeps = "waiter-sleeps"
    /// A creation that waits for room is sent up to two hours after its latest start.
    case waitsTooLong = "waits-too-long"
    /// A creation that waits for room is free to go elsewhere while its outcome is unknown.
    case asksEverywhere = "asks-everywhere"
}
