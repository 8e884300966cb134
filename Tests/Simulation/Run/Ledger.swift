import LeaseModel

/// What the checks remember from step to step.
struct Ledger: Sendable {
    /// Every mutation that was ever seen, as it was last.
    var mutations: [World.DraftKey: Mutation] = [:]
    /// Those that a person has sent on their way again.
    var retried: Set<World.DraftKey> = []
    /// How many attempts of a client have been looked at.
    var attempts: [Int: Int] = [:]
    /// Whose databases may have changed since the last look.
    var touched: Set<Int> = []
}
