import LeaseModel

/// What the checks remember from step to step.
struct Ledger: Sendable {
    /// Every mutation that was ever seen, as it was last.
    var mutations: [World.DraftKey: Mutation] = [:]
    /// Those that a person has sent on their way again.
    var retried: Set<World.DraftKey> = []
    /// How many attempts of a client have been looked at.
    var attempts: [Int: Int] = [:]
    /// Where each mutation was to go when it was queued.
    var destinations: [World.DraftKey: Destination] = [:]
    /// What was asked for by each mutation, field by field, and not taken back.
    var asked: [World.DraftKey: Set<String>] = [:]
    /// Mutations about which a person has decided.
    var decided: Set<World.DraftKey> = []
    /// Mutations that a person has given up, though they may have been carried out.
    var givenUp: Set<World.DraftKey> = []
    /// Every place that a client's entries have led to.
    var places: [Int: Set<Place>] = [:]
    /// The place that a client has read last, if it has, and the moment whose state its mirror shows.
    var fresh: [Int: [Place: World.Moment]] = [:]
    /// Whose databases may have changed since the last look.
    var touched: Set<Int> = []
}
