public import LeaseModel
import LeaseStore
import SyncEngine

/// The result of waiting for a lease or write.
public struct WaitResult: Sendable, Hashable {
    /// The lease, as it is now.
    public let lease: MirroredLease?
    /// The write that was waited for, or the write that created the lease, if there is one.
    public let mutation: Mutation?
}

extension LeaseManager {
    /// Waits until a lease has a status, asking its cloud for it repeatedly. A queued lease is sent first.
    ///
    /// - Parameters:
    ///   - reference: the lease: its id, its name, the beginning of its id, or its local id.
    ///   - clouds: the clouds to search; empty for all.
    ///   - status: the status to wait for.
    ///   - timeoutSeconds: how long to wait at most, in seconds.
    ///   - progress: called for everything that happens.
    /// - Returns: the lease in that status.
    /// - Throws: ``LeaseholdError`` with the code `notFinished` after the timeout, or `refused` if the lease can never
    ///   get that status.
    public func wait(
        for reference: String, clouds: [String] = [], status: LeaseStatus, timeoutSeconds: Int64,
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws -> WaitResult {
        try await wait(timeoutSeconds: timeoutSeconds, wanted: status, clouds: clouds, progress) {
            let target = try writeTarget(reference, clouds: clouds)
            var leaseID: String?
            if case .mirrored(let lease) = target, !lease.isQueued { leaseID = lease.id }
            return Look(
                result: try finished(target, status), name: target.name, state: Self.state(target),
                scopeID: target.scopeID, leaseID: leaseID)
        }
    }

    /// Waits until a write has been carried out and its lease shows it. A new lease must be active, or pending if it
    /// starts after the timeout. A changed lease must have its new values in a stable status. A deleted lease must be
    /// gone.
    ///
    /// Requests that the server refuses because the lease is in a transient status are retried until the timeout.
    ///
    /// - Parameters:
    ///   - id: the id of the write.
    ///   - timeoutSeconds: how long to wait at most, in seconds.
    ///   - progress: called for everything that happens.
    /// - Returns: the write, and its lease in that state.
    /// - Throws: ``LeaseholdError`` with the code `notFinished` after the timeout, or `refused` if it can never be
    ///   carried out.
    public func wait(
        forWrite id: Int64, timeoutSeconds: Int64,
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws -> WaitResult {
        let deadline = configuration.now().adding(seconds: timeoutSeconds)
        let verb = try mutation(id).mutation.verb
        let wanted: LeaseStatus = verb == .delete ? .deleted : .active
        return try await wait(timeoutSeconds: timeoutSeconds, wanted: wanted, clouds: [], progress) {
            let present = try mutation(id).mutation
            let lease = try present.leaseID.flatMap { id throws(LeaseholdError) in
                try reading { store throws(StoreError) in try store.lease(id: id, scope: present.scopeID) }
            }
            let isDone = [.accepted, .settled].contains(present.state)
            return Look(
                result: try carriedOut(present, lease, deadline), name: present.leaseName,
                state: (isDone ? lease?.lease.status.rawValue : nil) ?? present.state.rawValue,
                scopeID: present.scopeID, leaseID: isDone ? present.leaseID : nil)
        }
    }

    /// What is known while waiting for a lease or write.
    private struct Look {
        /// The result; `nil` until the wait is over.
        let result: WaitResult?
        let name: String
        let state: String
        /// The scope whose list shows it.
        let scopeID: Int64
        /// The lease, if it is enough to ask for it alone; `nil` if a write has to be sent first.
        let leaseID: String?
    }

    private func wait(
        timeoutSeconds: Int64, wanted: LeaseStatus, clouds: [String],
        _ progress: @escaping @Sendable (SyncProgress) async -> Void,
        look: () throws -> Look
    ) async throws -> WaitResult {
        try await DatabaseThreads.run {
            var poll: LeasePoll?
            do {
                let result = try await wait(
                    timeoutSeconds: timeoutSeconds, wanted: wanted, clouds: clouds, progress, &poll, look: look)
                await poll?.close()
                return result
            } catch {
                await poll?.close()
                throw error
            }
        }
    }

    private func wait(
        timeoutSeconds: Int64, wanted: LeaseStatus, clouds: [String],
        _ progress: @escaping @Sendable (SyncProgress) async -> Void, _ poll: inout LeasePoll?,
        look: () throws -> Look
    ) async throws -> WaitResult {
        let begun = configuration.now()
        let deadline = begun.adding(seconds: timeoutSeconds)
        var options = SyncOptions()
        options.readsResources = false
        var pauseSeconds = 2.0
        while true {
            let before = try look()
            if let result = before.result { return result }
            guard configuration.now() < deadline else {
                throw LeaseholdError(
                    code: .notFinished,
                    message: "'\(before.name)' is not \(wanted) after \(timeoutSeconds) s; it is \(before.state).")
            }
            guard let scope = try scopes().first(where: { $0.id == before.scopeID }) else {
                throw LeaseholdError(
                    code: .notFound, message: "The scope of '\(before.name)' is no longer known.")
            }
            let isAnswered = try await ask(for: before.leaseID, scope, clouds, progress, &poll)
            if !isAnswered {
                _ = try await sync(
                    leadingTo: scope, clouds: clouds, options: options, waiter: waiter, progress: progress)
            }
            let after = try look()
            if let result = after.result { return result }
            let now = configuration.now()
            await progress(
                .waiting(
                    WaitProgress(
                        name: after.name, status: after.state, wanted: wanted,
                        elapsedSeconds: now.seconds(since: begun), timeoutSeconds: timeoutSeconds)))
            try await sleep(max(0.5, min(pauseSeconds, Double(deadline.seconds(since: now)))))
            pauseSeconds = min(pauseSeconds * 1.5, 15)
        }
    }

    /// Asks for a lease alone, over a connection that stays open for the next time.
    ///
    /// - Returns: `false` if the whole list must be read instead.
    private func ask(
        for id: String?, _ scope: Scope, _ clouds: [String],
        _ progress: @escaping @Sendable (SyncProgress) async -> Void, _ poll: inout LeasePoll?
    ) async throws -> Bool {
        guard let id else { return false }
        if poll?.scope.id != scope.id {
            await poll?.close()
            poll = nil
            switch try await reach(scope, clouds: clouds) {
            case .connection(let connection):
                poll = LeasePoll(
                    store: store, connection: connection, scope: scope, options: bounded(SyncOptions()),
                    progress: noting(progress))
            case .elsewhere(let why): throw LeaseholdError(code: .configuration, message: why)
            // A sync could not reach it either. The next round tries again.
            case .nowhere: return true
            }
        }
        do {
            return try await poll?.ask(for: id) ?? false
        } catch {
            throw LeaseholdError(error)
        }
    }

    private static func state(_ target: WriteTarget) -> String {
        switch target {
        case .mirrored(let lease): lease.lease.status.rawValue
        case .creation(let mutation, _): mutation.state.rawValue
        }
    }

    // MARK: - Waiting for a status

    private func finished(_ target: WriteTarget, _ status: LeaseStatus) throws(LeaseholdError) -> WaitResult? {
        switch target {
        case .mirrored(let lease):
            if lease.lease.status == status, lease.removal == nil { return WaitResult(lease: lease, mutation: nil) }
            let hasEnded = lease.removal != nil || [.error, .terminated].contains(lease.lease.status)
            guard !hasEnded else { throw Self.cannotBecome(status, lease) }
        case .creation(let mutation, _): try Self.checkOpen(mutation)
        }
        return nil
    }

    private static func cannotBecome(_ status: LeaseStatus, _ lease: MirroredLease) -> LeaseholdError {
        let how = lease.removal == nil ? lease.lease.status.rawValue : "gone"
        return LeaseholdError(
            code: .refused, message: "'\(lease.lease.name)' is \(how), and will not become \(status).")
    }

    /// Throws unless a write may still be carried out on its own.
    private static func checkOpen(_ mutation: Mutation) throws(LeaseholdError) {
        guard mutation.state.isFinal || mutation.state == .parked || mutation.state == .blocked else { return }
        throw LeaseholdError(
            code: .refused,
            message: "'\(mutation.leaseName)' is \(mutation.state.rawValue): \(mutation.message ?? "no reason given")")
    }

    // MARK: - Waiting for a write

    private func carriedOut(
        _ mutation: Mutation, _ lease: MirroredLease?, _ deadline: Timestamp
    ) throws(LeaseholdError) -> WaitResult? {
        let isDone = [.accepted, .settled].contains(mutation.state)
        if !isDone { try Self.checkOpen(mutation) }
        guard isDone, let lease else { return nil }
        let result = WaitResult(lease: lease, mutation: mutation)
        switch mutation.verb {
        case .delete: return lease.removal == nil ? nil : result
        case .update, .extend:
            // Somebody may have deleted the lease since. The change was carried out all the same.
            if lease.removal != nil { return result }
            let asked = LeaseFields(mutation.body)
            let present = asked.values(of: lease.lease)
            let isShown = present.named.allSatisfy { name, value in
                asked.value(named: name).map { LeaseFields.areSame(Self.field(name), $0, value) } ?? true
            }
            // After the change was settled, somebody else may have changed the lease again.
            guard isShown || mutation.state == .settled else { return nil }
            return lease.lease.status.isTransient ? nil : result
        case .create:
            if lease.lease.status == .active { return result }
            let hasEnded = lease.removal != nil || [.error, .terminated].contains(lease.lease.status)
            guard !hasEnded else { throw Self.cannotBecome(.active, lease) }
            // The lease cannot start before the timeout. One that starts at once seems to do so later if the cloud's
            // clock is ahead.
            let startsLater = mutation.body["start_date"] != "now" && lease.lease.startsAt > deadline
            return lease.lease.status == .pending && startsLater ? result : nil
        }
    }

    /// The part of a field's name after the reservation: `amount` in `reservations[ID].amount`.
    private static func field(_ name: String) -> String {
        name.lastIndex(of: "]").map { String(name[$0...].dropFirst(2)) } ?? name
    }

    /// Reads what a lease was given but its list does not show: flavors and floating IPs.
    ///
    /// - Returns: `false` if it has no such reservations, or its cloud could not be reached.
    public func readReserved(by lease: MirroredLease) async throws(LeaseholdError) -> Bool {
        let kinds: Set<ResourceType> = [.flavor, .instance, .floatingIP]
        guard lease.lease.reservations.contains(where: { kinds.contains($0.resourceType) }) else { return false }
        guard let scope = try scopes().first(where: { $0.id == lease.scopeID }) else { return false }
        return try await sync(
            leadingTo: scope, clouds: [], options: SyncOptions(), waiter: nil, progress: { _ in })
    }
}
