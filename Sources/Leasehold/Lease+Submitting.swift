public import LeaseModel

extension Lease {
    /// Requests the lease. The creation is queued and then sent, so that exactly one lease is created, however often
    /// the connection breaks.
    ///
    /// - Parameters:
    ///   - waitForActive: whether to wait until it is active.
    ///   - waitTimeout: how long to wait at most.
    ///   - display: how to show it: printed at the end, or in a browser as soon as it is requested; `nil` for not at
    ///     all.
    ///   - idempotent: whether to accept a live lease with that name in the project, or a queued creation of one. It
    ///     then becomes this lease.
    ///   - retries: how often to retry after a refusal, or after Blazar has created the lease and put it into `ERROR`.
    ///     The failed lease is deleted first. python-chi's `True` is 2. A lost answer, or a lease that is not active in
    ///     time, never causes a retry, because the lease may still come.
    ///   - isOffline: whether to only queue it.
    ///   - progress: called for everything that happens.
    /// - Throws: ``LeaseholdError`` with the code `refused` and the server's words, `invalid`, `notFinished` if it is
    ///   not active in time, `configuration` if it cannot be shown in a browser, or another code for an invalid
    ///   configuration. After `notFinished` the lease is still requested.
    public nonisolated(nonsending) func submit(
        waitForActive: Bool = true, waitTimeout: Duration = .seconds(300), show display: LeaseDisplay? = nil,
        idempotent: Bool = false, retryOnError retries: Int = 0, isOffline: Bool = false,
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws(LeaseholdError) {
        try manager.check(display)
        guard case .draft = state else {
            throw LeaseholdError(code: .invalid, message: "'\(name)' has been submitted already (\(id ?? "no id")).")
        }
        guard !requests.isEmpty else {
            throw LeaseholdError(code: .invalid, message: "'\(name)' reserves nothing: add a reservation first.")
        }
        var attempts = 0
        var isFound = false
        while true {
            do {
                isFound = try await create(idempotent: idempotent, isOffline: isOffline, progress)
                await open(display)
                if waitForActive, !isOffline {
                    try await wait(status: .active, timeout: waitTimeout, progress: progress)
                }
                break
            } catch {
                // A lease that another program created must not be deleted.
                guard attempts < retries, error.code == .refused, !isFound, await makesWay(progress) else {
                    throw error
                }
                attempts += 1
                do {
                    try await manager.sleep(Double(1 << min(attempts, 5)))
                } catch let stopped {
                    throw LeaseholdError(stopping: stopped, name)
                }
            }
        }
        printed(display)
    }

    /// Requests the lease once.
    ///
    /// - Returns: whether the lease existed already.
    private nonisolated(nonsending) func create(
        idempotent: Bool, isOffline: Bool, _ progress: @escaping @Sendable (SyncProgress) async -> Void
    ) async throws(LeaseholdError) -> Bool {
        // A lease that starts when it is created keeps its duration, however late it is created.
        var terms = WriteTerms()
        if startsAt == nil, case .after = requestedEnd { terms.lateStart = .shift }
        let result: WriteResult
        do {
            result = try await manager.create(
                draft, cloud: cloud, terms: terms, isIdempotent: idempotent, isOffline: isOffline, progress: progress)
        } catch {
            throw LeaseholdError(writing: error)
        }
        findings = result.warnings
        switch result.mutation.state {
        case .rejected, .expired, .cancelled, .superseded:
            throw LeaseholdError(
                code: .refused,
                message: result.mutation.message ?? "The creation of '\(name)' is \(result.mutation.state.rawValue).")
        case .queued, .sending, .unknown, .accepted, .settled, .blocked, .waiting, .parked: break
        }
        if let lease = result.lease {
            state = .mirrored(lease)
        } else if let reference = result.mutation.localID ?? result.mutation.leaseID {
            state = .mirrored(try manager.lease(reference, scopes: [result.mutation.scopeID]))
        }
        return result.isFound
    }

    /// Whether nothing is left of a failed creation, so that another lease may be requested.
    private nonisolated(nonsending) func makesWay(
        _ progress: @escaping @Sendable (SyncProgress) async -> Void
    ) async -> Bool {
        switch state {
        case .draft: return true
        case .mirrored(let failed) where failed.lease.status == .error && failed.removal == nil:
            let deletion = try? await manager.change(
                .delete, failed.id, progress: progress, fields: { _ in [:] })
            guard let state = deletion?.mutation.state, state == .accepted || state == .settled else { return false }
            self.state = .draft
            return true
        case .mirrored(let refused) where refused.lease.status == .rejected:
            state = .draft
            return true
        default: return false
        }
    }

    // MARK: - Waiting, refreshing and changing

    /// Waits until the lease has a status, asking its cloud for it repeatedly.
    ///
    /// - Parameters:
    ///   - status: the status to wait for.
    ///   - display: how to show the lease: printed then, or in a browser at once; `nil` for not at all.
    ///   - timeout: how long to wait at most.
    ///   - progress: called for everything that happens, with `SyncProgress.waiting` after each answer.
    /// - Throws: ``LeaseholdError`` with the code `notFinished` after the timeout, `refused` if the lease can never get
    ///   that status (with the server's words, if there are any), `invalid` if it has not been submitted, or
    ///   `configuration` if it cannot be shown in a browser.
    public nonisolated(nonsending) func wait(
        status: LeaseStatus = .active, show display: LeaseDisplay? = nil, timeout: Duration = .seconds(500),
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws(LeaseholdError) {
        let reference = try submittedID()
        try manager.check(display)
        await open(display)
        do {
            let result = try await manager.wait(
                for: reference, clouds: cloud.map { [$0] } ?? [], status: status,
                timeoutSeconds: timeout.components.seconds, progress: progress)
            if let lease = result.lease { state = .mirrored(lease) }
        } catch {
            try? reload()
            throw LeaseholdError(stopping: error, name)
        }
        printed(display)
    }

    /// Syncs the lease's cloud and rereads the lease. If the cloud cannot be reached, rereads it from the database.
    ///
    /// - Parameter progress: called for everything that happens.
    /// - Returns: whether the cloud was synced.
    /// - Throws: ``LeaseholdError`` with the code `invalid` if the lease has not been submitted, or `notFound` if the
    ///   database does not have it.
    @discardableResult
    public nonisolated(nonsending) func refresh(
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws(LeaseholdError) -> Bool {
        _ = try submittedID()
        let isRead = try await sync(readsResources: false, progress)
        try reload()
        return isRead
    }

    /// Deletes the lease. The deletion is queued and then sent. If the lease's creation has not been sent, it is
    /// canceled instead.
    ///
    /// - Parameters:
    ///   - isOffline: whether to only queue the deletion.
    ///   - progress: called for everything that happens.
    /// - Throws: ``LeaseholdError`` with the code `invalid` if the lease has not been submitted, or `refused` with the
    ///   server's words.
    public nonisolated(nonsending) func delete(
        isOffline: Bool = false, progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws(LeaseholdError) {
        let result = try await change(.delete, [:], isOffline: isOffline, progress)
        guard let lease else { return }
        if [.accepted, .settled, .cancelled].contains(result.mutation.state) { state = .deleted(lease) }
    }

    /// Moves the end of the lease. Doing so twice is harmless.
    ///
    /// - Parameters:
    ///   - end: the new end, truncated to the minute.
    ///   - isOffline: whether to only queue the change.
    ///   - progress: called for everything that happens.
    /// - Throws: ``LeaseholdError`` with the code `invalid` if the lease has not been submitted, or `refused` with the
    ///   server's words.
    public nonisolated(nonsending) func extend(
        to end: Timestamp, isOffline: Bool = false,
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws(LeaseholdError) {
        let fields: JSONObject = ["end_date": .string(end.blazarRequest)]
        _ = try await change(.extend, fields, isOffline: isOffline, progress)
    }

    private nonisolated(nonsending) func change(
        _ verb: Mutation.Verb, _ fields: JSONObject, isOffline: Bool,
        _ progress: @escaping @Sendable (SyncProgress) async -> Void
    ) async throws(LeaseholdError) -> WriteResult {
        let reference = try submittedID()
        let result: WriteResult
        do {
            result = try await manager.change(
                verb, reference, clouds: cloud.map { [$0] } ?? [], isOffline: isOffline, progress: progress,
                fields: { _ in fields })
        } catch {
            throw LeaseholdError(writing: error)
        }
        try? reload()
        guard result.mutation.state != .rejected else {
            throw LeaseholdError(
                code: .refused, message: result.mutation.message ?? "The \(verb.rawValue) of '\(name)' was refused.")
        }
        return result
    }

    // MARK: - Steps

    /// The id of the lease in the database.
    func submittedID() throws(LeaseholdError) -> String {
        guard let id else {
            throw LeaseholdError(code: .invalid, message: "'\(name)' has not been submitted yet, so it has no id.")
        }
        return id
    }

    /// Rereads the lease from the database.
    func reload() throws(LeaseholdError) {
        guard let id else { return }
        var scopes: Set<Int64>?
        if let mirrored {
            scopes = [mirrored.scopeID]
        } else if let cloud {
            scopes = try manager.scopeIDs(ofClouds: [cloud])
        }
        state = .mirrored(try manager.lease(id, scopes: scopes))
    }

    /// Syncs the lease's cloud.
    nonisolated(nonsending) func sync(
        readsResources: Bool, _ progress: @escaping @Sendable (SyncProgress) async -> Void
    ) async throws(LeaseholdError) -> Bool {
        let scope = try manager.scopes().first { $0.id == mirrored?.scopeID }
        var options = SyncOptions()
        options.readsResources = readsResources
        if let scope {
            return try await manager.sync(
                leadingTo: scope, clouds: cloud.map { [$0] } ?? [], options: options, waiter: nil, progress: progress)
        }
        let clouds = cloud.map { Clouds.named([$0]) } ?? .standard
        let reports = try await manager.sync(clouds: clouds, options: options, progress: progress)
        return reports.allSatisfy { $0.failure == nil }
    }
}

extension LeaseholdError {
    /// The error for a longer operation that was stopped or failed.
    init(stopping error: any Error, _ name: String) {
        if error is CancellationError {
            self.init(code: .notFinished, message: "Waiting for '\(name)' was stopped; what is queued stays queued.")
        } else {
            self.init(writing: error)
        }
    }
}
