package import LeaseModel
package import LeaseStore
import SyncPlanner

/// Enqueues writes, and applies people's decisions about them.
package struct WriteQueue: Sendable {
    let store: LeaseStore
    private let now: @Sendable () -> Timestamp
    private let random: @Sendable () -> UInt64

    /// - Parameters:
    ///   - store: the database.
    ///   - now: the clock.
    ///   - random: the source of tokens and local ids. They must be globally unique, so the default is the system's
    ///     generator.
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
    /// - Returns: the write. Its local id stands for the lease from now on.
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
        let lateStart: LateStartPolicy = terms.waiting != nil ? .shift : draft.start == .now ? .startNow : .expire
        let time = now()
        let body = (terms.waiting == nil ? draft : draft.dated(at: time)).body
        var creation = Mutation(
            id: 0, scopeID: scope.id, address: scope.queueAddress, verb: .create, localID: localID, leaseID: nil,
            leaseName: draft.name, state: terms.waiting == nil ? .queued : .waiting, body: body, token: token,
            lateStart: terms.lateStart ?? lateStart, notAfter: terms.notAfter, retryUntil: terms.retryUntil,
            createdAt: time)
        creation.waiting = terms.waiting
        return creation
    }

    /// Queues a change or a deletion.
    ///
    /// - Parameters:
    ///   - verb: `update`, `extend` or `delete`.
    ///   - target: the lease.
    ///   - fields: the fields and their new values, as in the body of a PUT.
    ///   - scope: the scope of the lease.
    ///   - terms: the conditions of the write.
    /// - Returns: the write that covers the request. If the lease's creation has not been sent, this is the changed or
    ///   cancelled creation.
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

    /// Why a decision cannot be carried out.
    package struct Refusal: Error, Sendable, Hashable {
        package let message: String
    }

    /// Cancels an unsent write and the ones that depend on it.
    ///
    /// - Parameters:
    ///   - id: the id of the write.
    ///   - givesUp: whether to give up a write that may have been carried out already.
    /// - Returns: the write in its new state.
    /// - Throws: ``Refusal``, ``StoreError``.
    package func cancel(_ id: Int64, givesUp: Bool = false) throws -> Mutation {
        try noteStopped(id)
        return try decide(id) { mutation, queue, time in
            var message = "Cancelled."
            let verb = mutation.verb.rawValue
            switch mutation.state {
            case .blocked where mutation.unconfirmed != nil && givesUp:
                message = "Given up, though one of several leases was made for it. They stay, as ordinary leases."
            case .blocked where mutation.unconfirmed != nil:
                throw Refusal(
                    message: """
                        A lease was made for write \(id). \(mutation.message ?? "") Say which one it is: \
                        `leasehold queue resolve \(id) --adopt LEASE`. To give the write up anyway: `leasehold queue \
                        cancel \(id) --give-up`; its lease then stays, as an ordinary lease.
                        """)
            case .queued, .rejected, .blocked, .waiting, .parked, .expired: break
            case .sending:
                throw Refusal(
                    message: """
                        Write \(id) is being sent at this moment. Look again in a while: `leasehold queue show \(id)`.
                        """)
            case .unknown where givesUp:
                message = """
                    Given up while it was not known whether the server had carried out the \(verb). The lease may \
                    still appear, as an ordinary lease.
                    """
            case .unknown:
                throw Refusal(
                    message: """
                        It is not known yet whether write \(id) has been carried out. Run `leasehold sync` to find \
                        out. To give it up anyway: `leasehold queue cancel \(id) --give-up`; the lease may then still \
                        appear, as an ordinary lease.
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

    /// If a write was being sent when its process died, records that.
    private func noteStopped(_ id: Int64) throws {
        guard let mutation = try store.mutation(id: id), mutation.state == .sending,
            let lock = try SenderLock(database: store.files, address: mutation.address)
        else { return }
        defer { withExtendedLifetime(lock) {} }
        let time = now()
        _ = try store.changeMutation(id: id) { present, _ in [QueueRules.recovered(present, now: time)] }
    }

    /// Retries a write that is rejected, parked, expired or blocked by a login, or that is waiting for a time.
    package func retry(_ id: Int64) throws -> Mutation {
        try decide(id) { mutation, _, time in
            switch mutation.state {
            case .queued, .rejected, .parked, .expired: break
            case .waiting:
                // It still waits for room, but no longer for the end of a pause.
                var next = mutation
                for index in mutation.waiting?.choices.indices ?? 0..<0 {
                    next.waiting?.choices[index].retryAt = nil
                }
                next.updatedAt = time
                return [next]
            case .blocked where ["auth", UnconfirmedDestination.reason].contains(mutation.reason): break
            case .blocked:
                throw Refusal(message: "Write \(id) waits for a decision: see `leasehold queue resolve --help`.")
            default:
                throw Refusal(message: "Write \(id) is \(mutation.state.rawValue): it cannot be retried.")
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

    /// Changes the fields of an unsent write.
    package func edit(_ id: Int64, fields: JSONObject, terms: WriteTerms) throws -> Mutation {
        let lease = try leaseOfChange(id)
        return try decide(id) { mutation, _, time in
            guard [.queued, .rejected, .parked, .expired, .blocked, .waiting].contains(mutation.state),
                mutation.unconfirmed == nil
            else {
                throw Refusal(message: "Write \(id) is \(mutation.state.rawValue): it can no longer be edited.")
            }
            guard mutation.verb != .delete || fields.isEmpty else {
                throw Refusal(message: "Write \(id) is a deletion: it has no fields to change.")
            }
            var next = Self.changed(mutation, by: fields, of: lease)
            if let policy = terms.lateStart { next.lateStart = policy }
            if let limit = terms.notAfter { next.notAfter = limit }
            if let limit = terms.retryUntil { next.retryUntil = limit }
            next.updatedAt = time
            return [next]
        }
    }

    /// Resolves a conflict, or decides which lease an unconfirmed creation became.
    package func resolve(_ id: Int64, _ resolution: ConflictResolution) throws -> Mutation {
        if case .adopt(let leaseID) = resolution, let owner = try store.creation(ofLease: leaseID, notBy: id) {
            throw Refusal(
                message: """
                    The lease \(leaseID) belongs to write \(owner): two creations cannot have become the same lease. \
                    Name another one, or send this one again with `leasehold queue resolve \(id) --create-again`.
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
                // The decision is based on the server's present values.
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
                // None of the known matches is the lease. It may still appear until the quiet period is over.
                next.state = .unknown
                next.unconfirmed?.run = max(mutation.unconfirmed?.run ?? 0, mutation.unconfirmed?.seenRun ?? 0)
                next.unconfirmed?.absences = 0
            default:
                throw Refusal(
                    message: "That cannot resolve a write that is blocked (\(mutation.reason ?? "no reason")).")
            }
            next.reason = nil
            next.theirs = nil
            next.nextAttemptAt = time
            return [next]
        }
    }

    /// The lease of a change in the mirror; `nil` for a creation, or if the mirror does not have the lease.
    private func leaseOfChange(_ id: Int64) throws -> BlazarLease? {
        guard let mutation = try store.mutation(id: id), mutation.verb != .create, let leaseID = mutation.leaseID
        else { return nil }
        return try store.lease(id: leaseID, scope: mutation.scopeID)?.lease
    }

    /// A write with some fields changed. The new fields are based on the lease as it is known.
    private static func changed(_ mutation: Mutation, by fields: JSONObject, of lease: BlazarLease?) -> Mutation {
        guard mutation.verb != .create else { return mutation.amended(by: fields) }
        var next = mutation
        next.body = LeaseFields(mutation.body).merging(LeaseFields(fields)).body
        let known = lease.map { ChangeDecision.values(of: $0, for: fields) } ?? [:]
        next.base = LeaseFields(known).merging(LeaseFields(mutation.base)).body
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

extension LeaseDraft {
    /// The draft with dates instead of `now`, so that it keeps its length, in whole minutes, wherever it moves.
    fileprivate func dated(at now: Timestamp) -> LeaseDraft {
        guard start == .now else { return self }
        let begin = now.truncatedToMinute
        let length = endsAt.adding(seconds: 30).seconds(since: now) / 60 * 60
        var dated = self
        dated.start = .at(begin)
        dated.endsAt = begin.adding(seconds: length)
        dated.beforeEnd = beforeEnd.map { dated.endsAt.adding(seconds: $0.seconds(since: endsAt)) }
        return dated
    }
}

extension WriteQueue {
    /// A lease or creation that already covers a request for a lease.
    package enum Standing: Sendable, Hashable {
        /// An existing lease, and how many leases have that name.
        case lease(MirroredLease, of: Int)
        /// A creation that is waiting or was just queued.
        case creation(Mutation, isNew: Bool)
    }

    /// Queues a creation, unless the scope's project has a live lease with that name or a creation of one is waiting.
    ///
    /// Checking and queueing happen in one transaction. So if several programs ask at the same moment, only one
    /// creation is queued.
    ///
    /// - Parameters:
    ///   - draft: the lease.
    ///   - scope: the scope whose project it is for.
    ///   - terms: the conditions of the write.
    ///   - mayQueue: whether to queue the creation if nothing covers the request.
    ///   - unconfirmed: the cloud whose site and project must be confirmed first; `nil` if they are known.
    /// - Returns: what covers the request; `nil` if nothing does.
    /// - Throws: ``StoreError``.
    package func createOnce(
        _ draft: LeaseDraft, scope: Scope, terms: WriteTerms, mayQueue: Bool = true,
        unconfirmed: UnconfirmedDestination? = nil
    ) throws(StoreError) -> Standing? {
        // A creation that waits for room may have gone to any of its sites.
        let choices = terms.waiting?.choices ?? []
        let addresses = Set(choices.map(\.address) + [scope.queueAddress])
        let projects = Set(addresses.map(\.projectID))
        var filter = LeaseFilter()
        filter.scopes = Set(choices.map(\.scopeID) + [scope.id])
        filter.nameGlob = NamePattern.shell(matchingOnly: draft.name)
        let plain = mutation(for: draft, scope: scope, terms: terms)
        let write = unconfirmed?.holding(plain, bound: scope) ?? plain
        var standing: Standing?
        let queued = try store.enqueue(
            to: scope.queueAddress, lookingAt: filter, and: addresses, at: write.createdAt
        ) { queue, leases in
            let live = leases.filter { $0.isLive && projects.contains($0.lease.projectID) }
            if let lease = live.max(by: { $0.rank < $1.rank }) {
                standing = .lease(lease, of: live.count)
            } else if let waiting = queue.first(where: {
                $0.verb == .create && $0.leaseName == draft.name && !$0.state.isFinal
            }) {
                standing = .creation(waiting, isNew: false)
            }
            return standing == nil && mayQueue ? write : nil
        }
        if standing != nil || !mayQueue { return standing }
        guard let queued else { throw StoreError(kind: .failed, message: "The creation could not be queued.") }
        return .creation(queued, isNew: true)
    }
}

extension MirroredLease {
    /// Whether the lease can be used: it has not ended or failed, and no deletion of it is queued.
    fileprivate var isLive: Bool {
        ![.terminated, .error, .deleting].contains(lease.status) && !pending.contains { $0.verb == .delete }
    }

    /// The preference among leases of one name: the newest active one, or else the one that ends last.
    fileprivate var rank: (Int, Timestamp) {
        lease.status == .active ? (1, lease.createdAt ?? firstSeenAt) : (0, lease.endsAt)
    }
}
