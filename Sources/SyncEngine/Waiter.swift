package import LeaseModel
package import LeaseStore
import SyncPlanner

/// Lets creations that wait for room go out: at a sync, looks at each that may ask the site for a lease, and queues
/// those that there is room for.
package struct Waiter: Sendable {
    /// Looks for room for a request of a creation, in the mirror at a time.
    package typealias Look =
        @Sendable (Mutation, WaitingTerms.Choice, WaitingTerms.Period, _ now: Timestamp) throws -> WaitingTerms.Room

    private let store: LeaseStore
    /// Whether a sync that reads leases only has to read who holds what.
    let readsHolders: Bool
    private let random: @Sendable () -> UInt64
    private let look: Look

    /// How old the list of another site may be for its room to count, in seconds.
    private static var freshSeconds: Int64 { 600 }

    /// - Parameters:
    ///   - store: the database.
    ///   - readsHolders: whether a sync that reads leases only has to read who holds what.
    ///   - random: the source of tokens.
    ///   - look: looks for room.
    package init(
        store: LeaseStore, readsHolders: Bool = true,
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }, look: @escaping Look
    ) {
        self.store = store
        self.readsHolders = readsHolders
        self.random = random
        self.look = look
    }

    /// Looks at creations.
    ///
    /// - Parameters:
    ///   - creations: the creations.
    ///   - address: the site and project that are being synced. Room at another site counts only if that was read
    ///     lately.
    ///   - now: the time.
    /// - Returns: the creations that do not merely wait as before: they are to be sent, go to another site, or have
    ///   expired.
    /// - Throws: ``StoreError``, or the error of the look.
    func run(_ creations: [Mutation], at address: QueueAddress, now: Timestamp) throws -> [Mutation] {
        var moved: [Mutation] = []
        let listed = Dictionary(uniqueKeysWithValues: try store.scopes().map { ($0.id, $0.listedAt) })
        for creation in creations {
            var generator = ClosureGenerator(next: random)
            let next = try WaitingPlanner(now: now).next(
                creation, makeToken: { ClientToken.make(using: &generator) },
                room: { choice, period in
                    if choice.address != address {
                        guard let read = listed[choice.scopeID] ?? nil,
                            now.seconds(since: read) <= Self.freshSeconds
                        else { return .unseen }
                    }
                    return try look(creation, choice, period, now)
                })
            guard next != creation, let replaced = try store.replace(creation, by: next) else { continue }
            if replaced.state != creation.state || replaced.address != creation.address { moved.append(replaced) }
        }
        return moved
    }
}
