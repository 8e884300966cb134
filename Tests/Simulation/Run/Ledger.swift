import LeaseModel

/// What the checks remember from step to step.
struct Ledger: Sendable {
    /// Every write that was ever seen, in its last state.
    var mutations: [World.DraftKey: Mutation] = [:]
    /// The writes that a person has retried.
    var retried: Set<World.DraftKey> = []
    /// The last attempt of each client that has been checked.
    var attempts: [Int: Int64] = [:]
    /// Where each write was to go when it was queued.
    var destinations: [World.DraftKey: Destination] = [:]
    /// The fields requested by each write and not taken back.
    var asked: [World.DraftKey: Set<String>] = [:]
    /// The writes about which a person has decided.
    var decided: Set<World.DraftKey> = []
    /// The writes that a person has given up, though they may have been carried out.
    var givenUp: Set<World.DraftKey> = []
    /// Every place that a client's entries have led to.
    var places: [Int: Set<Place>] = [:]
    /// The place that a client has read last, if any, and the moment whose state its mirror shows.
    var fresh: [Int: [Place: World.Moment]] = [:]
    /// The clients whose databases may have changed since the last check.
    var touched: Set<Int> = []
    /// The creations that wait for room, or did.
    var waiting: [World.DraftKey: Run.Waiting] = [:]
    /// Until when each lease was to be kept at the latest, by client.
    var kept: [Int: [String: Timestamp]] = [:]
}
