package import LeaseModel
package import LeaseStore
import SyncPlanner

/// Takes wishes for writes into the queue, and what people decide about them later.
package struct WriteQueue: Sendable {
    let store: LeaseStore
    private let now: @Sendable () -> Timestamp
    private let random: @Sendable () -> UInt64

    /// - Parameters:
    ///   - store: the database.
    ///   - now: the clock.
    ///   - random: where tokens and local ids come from; they must be unique in the world, so by default the system's.
    package init(
        store: LeaseStore, now: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) {
        self.store = store
        self.now = now
        self.random = random
    }

    /// Queues a creation.
    ///
    /// - Returns: the mutation, with the local id that stands for the lease from now on.
    /// - Throws: ``StoreError``.
    package func create(
        _ draft: LeaseDraft, scope: Scope, terms: WriteTerms, unconfirmed: UnconfirmedDestination? = nil
    ) throws(StoreError) -> Mutation {
        let plain = self.mutation(for: draft, scope: scope, terms: terms)
        let mutation = unconfirmed?.holding(plain, bound: scope) ?? plain
        guard
            let queued = try store.enqueue(to: scope.queueAddress, at: mutation.createdAt, make: { _ in mutation })
                .mutation
        else {
            throw StoreError(kind: .failed, message: "The creation could not be queued.")
        }
        return queued
    }

    func mutation(for draft: LeaseDraft, scope: Scope, terms: WriteTerms) -> Mutation {
        var random = ClosureGenerator(next: random)
        let localID = LocalID.make(using: &random)
        let token = ClientToken.make(using: &random)
        return Mutation(
            id: 0, scopeID: scope.id, address: scope.queueAddress, verb: .create, localID: localID, leaseID: nil,
            leaseName: draft.name,
            state: .queued, body: draft.body, token: token,
            lateStart: terms.lateStart ?? (draft.start == .now ? .startNow : .expire), notAfter: terms.notAfter,
            retryUntil: terms.retryUntil, createdAt: now())
    }

    /// Queues a change or a deletion.
    ///
    /// - Parameters:
    ///   - verb: `update`, `extend` or `delete`.
    ///   - target: the lease.
    ///   - fields: the fields and their new values, as a PUT takes them.
    ///   - scope: the scope of the lease.
    ///   - terms: until when.
    /// - Returns: the mutation that stands for the wish: a creation that was changed, or withdrawn, if it had not left.
    /// - Throws: ``StoreError``.
    package func change(
        _ verb: Mutation.Verb, _ target: WriteTarget, fields: JSONObject, scope: Scope, terms: WriteTerms
    ) throws(StoreError) -> Mutation {
        let time = now()
        let result = try store.enqueue(to: scope.queueAddress, at: time) { queue in
            var mutation = Mutation(
                id: 0, scopeID: scope.id, address: scope.queueAddress, verb: verb, localID: nil, leaseID: nil,
                leaseName: target.name,
                state: .queued, body: fields, token: nil, notAfter: terms.notAfter, createdAt: time)
            switch target {
            case .mirrored(let known):
                mutation.leaseID = known.lease.id
                mutation.base = ChangeDecision.values(of: known.lease, for: fields)
            case .creation(let creation, _):
                let present = queue.first { $0.id == creation.id } ?? creation
                mutation = Mutation(
                    id: 0, scopeID: scope.id, address: scope.queueAddress, verb: verb, localID: present.localID,
                    leaseID: present.leaseID,
                    leaseName: target.name, state: .queued, body: fields, token: nil, notAfter: terms.notAfter,
                    createdAt: time)
            }
            return mutation
        }
        guard let standing = result.mutation ?? result.standing else {
            throw StoreError(kind: .failed, message: "The change could not be queued.")
        }
        return standing
    }

    // MARK: - Decisions

    /// A decision that cannot be carried out.
    package struct Refusal: Error, Sendable, Hashable {
        package let message: String
    }

    /// Cancels an unsent write, and the ones that depend on it.
    ///
    /// - Parameters:
    ///   - id: the number of the write.
    ///   - givesUp: whether to give up a write that may have been carried out already.
    /// - Returns: the write as it is now.
    /// - Throws: ``Refusal``, ``StoreError``.
    package func cancel(_ id: Int64, givesUp: Bool = false) throws -> Mutation {
        try noteStopped(id)
        return try decide(id) { mutation, queue, time in
            var message = "Cancelled."
            let verb = mutation.verb.rawValue
            switch mutation.state {
            case .queued, .rejected, .blocked, .parked, .expired: break
            case .sending:
                throw Refusal(
                    message: """
                        Write \(id) is being sent at this moment. Look again in a while: `leasehold queue show \(id)`.
                        """)
            case .unknown where givesUp:
                message = """
                    Given up while it was not known whether the server had carried out the \(verb). The lease may \
                    still appear; it is an ordinary lease then.
                    """
            case .unknown:
                throw Refusal(
                    message: """
                        Write \(id) may have been carried out already: it is not known yet. `leasehold sync` finds \
                        out. To give it up all the same: `leasehold queue cancel \(id) --give-up`; the lease may still \
                        appear then, as an ordinary lease.
                        """)
            case .accepted, .settled:
                throw Refusal(message: "Write \(id) has been carried out: there is nothing to cancel.")
            case .cancelled, .superseded:
                throw Refusal(message: "Write \(id) is \(mutation.state.rawValue): there is nothing to cancel.")
            }
            let dependents =
                mutation.verb == .create
                ? queue.filter { $0.id != id && $0.concernsSameLease(as: mutation) && $0.state == .queued } : []
            return ([mutation] + dependents).map {
                var next = $0
                next.state = .cancelled
                next.message = $0.id == id ? message : "The creation it was for was cancelled."
                next.unconfirmed = nil
                next.updatedAt = time
                return next
            }
        }
    }

    /// Notes what became of a write that was being sent when its process stopped, if that is so.
    private func noteStopped(_ id: Int64) throws {
        guard let mutation = try store.mutation(id: id), mutation.state == .sending,
            let lock = try SenderLock(database: store.files, address: mutation.address)
        else { return }
        defer { withExtendedLifetime(lock) {} }
        let time = now()
        _ = try store.changeMutation(id: id) { present, _ in [QueueRules.recovered(present, now: time)] }
    }

    /// Tries a mutation again that was rejected, parked, blocked by a login or expired, or that waits for its time.
    package func retry(_ id: Int64) throws -> Mutation {
        try decide(id) { mutation, _, time in
            switch mutation.state {
            case .queued, .rejected, .parked, .expired: break
            case .blocked where ["auth", UnconfirmedDestination.reason].contains(mutation.reason): break
            case .blocked:
                throw Refusal(message: "Write \(id) waits for a decision: see `leasehold queue resolve --help`.")
            default:
                throw Refusal(message: "Write \(id) is \(mutation.state.rawValue): it cannot be tried again.")
            }
            var next = mutation
            next.state = .queued
            if mutation.reason == UnconfirmedDestination.reason { next.base = [:] }
            next.reason = nil
            next.failures = 0
            next.nextAttemptAt = time
            next.updatedAt = time
            return [next]
        }
    }

    /// Changes what a mutation that has not left asks for.
    package func edit(_ id: Int64, fields: JSONObject, terms: WriteTerms) throws -> Mutation {
        let lease = try leaseOfChange(id)
        return try decide(id) { mutation, _, time in
            guard [.queued, .rejected, .parked, .expired, .blocked].contains(mutation.state),
                mutation.unconfirmed == nil
            else {
                throw Refusal(message: "Write \(id) is \(mutation.state.rawValue): it cannot be edited any more.")
            }
            guard mutation.verb != .delete || fields.isEmpty else {
                throw Refusal(message: "Write \(id) is a deletion: there is nothing in it to change.")
            }
            var next = Self.changed(mutation, by: fields, of: lease)
            if let policy = terms.lateStart { next.lateStart = policy }
            if let limit = terms.notAfter { next.notAfter = limit }
            if let limit = terms.retryUntil { next.retryUntil = limit }
            next.updatedAt = time
            return [next]
        }
    }

    /// Ends a conflict, or a doubt about which lease a creation became.
    package func resolve(_ id: Int64, _ resolution: ConflictResolution) throws -> Mutation {
        if case .adopt(let leaseID) = resolution, let owner = try store.creation(ofLease: leaseID, notBy: id) {
            throw Refusal(
                message: """
                    The lease \(leaseID) is that of write \(owner): one lease cannot be the answer to two creations. \
                    Name another, or send this one again with `leasehold queue resolve \(id) --create-again`.
                    """)
        }
        let lease = try leaseOfChange(id)
        return try decide(id) { mutation, queue, time in
            guard mutation.state == .blocked else {
                throw Refusal(message: "Write \(id) is \(mutation.state.rawValue): there is nothing to resolve.")
            }
            if case .adopt = resolution, mutation.hasTwinUnderWay(in: queue) {
                throw Refusal(
                    message: """
                        Another creation of "\(mutation.leaseName)" is being sent, and its answer may name that lease. \
                        Run `leasehold sync`, then decide.
                        """)
            }
            var next = mutation
            next.updatedAt = time
            next.message = nil
            switch (resolution, mutation.reason) {
            case (.mine, "conflict"), (.values, "conflict"):
                if case .values(let values) = resolution { next = Self.changed(next, by: values, of: lease) }
                // What the server has now is what the decision is based on.
                next.base = LeaseFields(next.base).merging(LeaseFields(mutation.theirs ?? [:])).body
                next.state = .queued
            case (.theirs, "conflict"):
                next.state = .cancelled
                next.message = "The server's values were kept."
            case (.adopt(let leaseID), "ambiguous"):
                next.state = .settled
                next.leaseID = leaseID
                next.unconfirmed = nil
            case (.create, "ambiguous"):
                // Those that were looked at are not it; its own may still turn up until the quiet period is over.
                next.state = .unknown
                next.unconfirmed?.run = max(mutation.unconfirmed?.run ?? 0, mutation.unconfirmed?.seenRun ?? 0)
                next.unconfirmed?.absences = 0
            default:
                throw Refusal(
                    message: "That does not fit a write that is blocked (\(mutation.reason ?? "no reason")).")
            }
            next.reason = nil
            next.theirs = nil
            next.nextAttemptAt = time
            return [next]
        }
    }

    /// The lease that a change is for, as the mirror has it; `nil` for a creation, or if the mirror does not have it.
    private func leaseOfChange(_ id: Int64) throws -> BlazarLease? {
        guard let mutation = try store.mutation(id: id), mutation.verb != .create, let leaseID = mutation.leaseID
        else { return nil }
        return try store.lease(id: leaseID, scope: mutation.scopeID)?.lease
    }

    /// A write with some of its fields changed; its others stay. What is new in it is based on the lease as it is known.
    private static func changed(_ mutation: Mutation, by fields: JSONObject, of lease: BlazarLease?) -> Mutation {
        var next = mutation
        if mutation.verb == .create {
            next.body = LeaseFields.merge(fields, intoDraft: mutation.body, localID: mutation.localID ?? "")
            next.leaseName = next.body["name"]?.stringValue ?? next.leaseName
        } else {
            next.body = LeaseFields(mutation.body).merging(LeaseFields(fields)).body
            let known = lease.map { ChangeDecision.values(of: $0, for: fields) } ?? [:]
            next.base = LeaseFields(known).merging(LeaseFields(mutation.base)).body
        }
        return next
    }

    private func decide(
        _ id: Int64, _ change: (Mutation, [Mutation], Timestamp) throws -> [Mutation]
    ) throws -> Mutation {
        let time = now()
        var refusal: Refusal?
        let result = try store.changeMutation(id: id) { mutation, queue in
            do {
                return try change(mutation, queue, time)
            } catch let error as Refusal {
                refusal = error
                return []
            }
        }
        if let refusal { throw refusal }
        guard let result else {
            throw Refusal(message: "There is no write \(id): see `leasehold queue list --all`.")
        }
        return result
    }
}

extension WriteQueue {
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
    ///   - unconfirmed: why it has to wait until the cloud tells where it leads; `nil` if that is known.
    /// - Returns: what stands for the wish; `nil` if nothing does.
    /// - Throws: ``StoreError``.
    package func createOnce(
        _ draft: LeaseDraft, scope: Scope, terms: WriteTerms, mayQueue: Bool = true,
        unconfirmed: UnconfirmedDestination? = nil
    ) throws(StoreError) -> Standing? {
        var filter = LeaseFilter()
        filter.scopes = [scope.id]
        filter.project = scope.projectID
        filter.nameGlob = String(draft.name.flatMap { "*?[\\".contains($0) ? Array("\\\($0)") : [$0] })
        let plain = mutation(for: draft, scope: scope, terms: terms)
        let wish = unconfirmed?.holding(plain, bound: scope) ?? plain
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
