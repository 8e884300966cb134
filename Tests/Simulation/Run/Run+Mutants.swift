import Foundation
import LeaseModel
import LeaseStore
import Synchronization

// How the engine is broken on purpose.
extension Run {
    /// Keeps a copy of the database from before sending, for the mutant that does not commit before it sends.
    func remember(_ client: Client, _ store: LeaseStore, at checkpoint: String) {
        guard options.mutant == .noCommitBeforeSending else { return }
        guard checkpoint == "plan" else {
            // Once the answer is recorded there is nothing to take back.
            if !checkpoint.hasSuffix("POST") { snapshots.withLock { $0[client.number] = nil } }
            return
        }
        let path = "\(options.folder)/before\(client.number).sqlite"
        try? FileManager.default.removeItem(atPath: path)
        try? store.backUp(to: path)
        snapshots.withLock { $0[client.number] = path }
    }

    /// After a crash between "before POST" and the recording of its answer, removes every trace of the attempt.
    func putBack(_ client: Client) {
        guard options.mutant == .noCommitBeforeSending,
            let path = snapshots.withLock({ $0.removeValue(forKey: client.number) })
        else { return }
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: client.path + suffix) }
        try? FileManager.default.moveItem(atPath: path, toPath: client.path)
    }

    func forgetSending(_ client: Client) throws {
        for scope in try client.store.scopes() {
            try client.store.changeQueue(of: scope.queueAddress) { mutation in
                guard mutation.state == .sending else { return mutation }
                var next = mutation
                next.state = .queued
                next.unconfirmed = nil
                return next
            }
        }
    }

    /// Breaks a change that was merged with others.
    ///
    /// - Parameters:
    ///   - client: its owner.
    ///   - standing: the write that now contains the change.
    ///   - fields: the fields requested last.
    /// - Throws: ``StoreError``.
    func breakMerging(_ client: Client, _ standing: Mutation, asked fields: JSONObject) throws {
        let isMutant = options.mutant == .dropsField || options.mutant == .replacesInsteadOfMerging
        guard isMutant, [.update, .extend].contains(standing.verb), standing.state == .queued else { return }
        let old = standing.body.members.map(\.key).filter { fields[$0] == nil }
        guard !old.isEmpty else { return }
        _ = try client.store.changeMutation(id: standing.id) { mutation, _ in
            var next = mutation
            for name in options.mutant == .dropsField ? Array(old.prefix(1)) : old { _ = next.body.remove(name) }
            return [next]
        }
    }

    /// Continues with a write that was given up.
    func breakGivingUp(_ client: Client, _ givenUp: Mutation) throws {
        guard options.mutant == .sendsWhatWasGivenUp, givenUp.unconfirmed != nil else { return }
        _ = try client.store.changeMutation(id: givenUp.id) { mutation, _ in
            var next = mutation
            next.state = givenUp.state
            next.unconfirmed = givenUp.unconfirmed
            return [next]
        }
    }

    /// Sends writes that wait for a decision about a conflict.
    func decideForNobody(_ client: Client) throws {
        guard options.mutant == .ignoresConflict else { return }
        for scope in try client.store.scopes() {
            try client.store.changeQueue(of: scope.queueAddress) { mutation in
                guard mutation.state == .blocked, mutation.reason == "conflict" else { return mutation }
                var next = mutation
                next.state = .queued
                next.base = mutation.base.merging(mutation.theirs ?? [:])
                next.theirs = nil
                next.reason = nil
                return next
            }
        }
    }
}
