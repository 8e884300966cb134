package import LeaseModel
package import LeaseStore

extension QueueDesk {
    /// What stands for a wish that may be fulfilled already.
    package enum Standing: Sendable, Hashable {
        /// A lease that is there; so many of that name are.
        case lease(MirroredLease, of: Int)
        /// A creation that waits, or has just been queued.
        case creation(Mutation, isNew: Bool)
    }

    /// Queues a creation, unless there is a live lease of that name in the scope's project, or a creation of one waits.
    ///
    /// It is looked at and done in one transaction, so that of many who ask at the same moment one queues it.
    ///
    /// - Parameters:
    ///   - draft: the lease.
    ///   - scope: the scope whose project it is for.
    ///   - terms: on what terms.
    ///   - mayQueue: whether to queue it if nothing stands for it.
    ///   - doubt: why it has to wait until the cloud tells where it leads; `nil` if that is known.
    /// - Returns: what stands for the wish; `nil` if nothing does.
    /// - Throws: ``StoreError``.
    package func createOnce(
        _ draft: LeaseDraft, scope: Scope, terms: Terms, mayQueue: Bool = true, doubt: DoubtfulDestination? = nil
    ) throws(StoreError) -> Standing? {
        var filter = LeaseFilter()
        filter.scopes = [scope.id]
        filter.project = scope.projectID
        filter.nameGlob = String(draft.name.flatMap { "*?[".contains($0) ? Array("[\($0)]") : [$0] })
        let plain = mutation(for: draft, scope: scope, terms: terms)
        let wish = doubt?.holding(plain, bound: scope) ?? plain
        var standing: Standing?
        let queued = try store.enqueue(to: scope.queueAddress, lookingAt: filter, at: wish.createdAt) { queue, leases in
            let live = leases.filter(\.isLive)
            if let lease = live.max(by: { $0.rank < $1.rank }) {
                standing = .lease(lease, of: live.count)
            } else if let waiting = queue.first(where: {
                $0.verb == .create && $0.leaseName == draft.name && !$0.state.isFinal
            }) {
                standing = .creation(waiting, isNew: false)
            }
            return standing == nil && mayQueue ? wish : nil
        }
        if standing != nil || !mayQueue { return standing }
        guard let queued else { throw StoreError(kind: .failed, message: "The creation could not be queued.") }
        return .creation(queued, isNew: true)
    }
}

extension MirroredLease {
    /// Whether it can serve somebody who wants such a lease: not ended, not failed, and not about to be deleted by us.
    fileprivate var isLive: Bool {
        ![.terminated, .error, .deleting].contains(lease.status) && !pending.contains { $0.verb == .delete }
    }

    /// Of several of one name the newest active one is meant, or else the one that ends last.
    fileprivate var rank: (Int, Timestamp) {
        lease.status == .active ? (1, lease.createdAt ?? firstSeenAt) : (0, lease.endsAt)
    }
}
