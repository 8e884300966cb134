/// A way in which the engine is broken on purpose, to see that the simulation finds it.
///
/// None of it is in the shipped modules: each is a parameter that exists anyway, or something that happens to the
/// database from outside.
package enum Mutant: String, Sendable, Hashable, CaseIterable {
    /// The attempt is not on the disk when the request leaves: a crash then takes the database back to before it.
    case noCommitBeforeSending = "no-commit-before-sending"
    /// An answer that was lost is believed to be nobody's work at once.
    case noQuietPeriod = "no-quiet-period"
    /// A lease is taken for ours because it looks like it, though the server keeps tokens.
    case adoptsWithoutToken = "adopts-without-token"
    /// What was being sent when the process died is sent again.
    case resendsAfterCrash = "resends-after-crash"
    /// Before a change is sent nobody looks at the lease: the look shows what the mirror has.
    case skipsLook = "skips-look"
    /// A conflict is decided by nobody, for what was asked for here.
    case ignoresConflict = "ignores-conflict"
    /// Writes go to the other region.
    case wrongCloud = "wrong-cloud"
    /// Of two changes that become one, a field of the first is lost.
    case dropsField = "drops-field"
    /// Of two changes that become one, the second takes the place of the first.
    case replacesInsteadOfMerging = "replaces-instead-of-merging"
    /// How far a request got is guessed from the kind of its error.
    case kindInsteadOfPhase = "kind-instead-of-phase"
    /// What a person has given up is looked for and sent all the same.
    case sendsWhatWasGivenUp = "sends-what-was-given-up"
    /// What is seen is dated by the computer's clock, however wrong it is.
    case trustsOwnClock = "trusts-own-clock"
}
