public import LeaseModel

extension Lease {
    /// Asks for the lease: queued first, then sent, so that it is made once however often the connection breaks.
    ///
    /// - Parameters:
    ///   - waitForActive: whether to wait until it is active.
    ///   - waitTimeout: how long to wait at most.
    ///   - style: how to print it in the end; `nil` not to.
    ///   - idempotent: whether a live lease of that name in the project, or a queued creation of one, is as good: it
    ///     then is this lease.
    ///   - retries: how often to try again after a refusal, or after Blazar has made the lease and put it into `ERROR`,
    ///     which is then deleted first. python-chi's `True` is 2. What is only late is left to wait for: an answer that
    ///     was lost, or a lease that is not active in time, is never a reason to make another one.
    ///   - isOffline: whether only to queue it.
    ///   - progress: told what happens, while it happens.
    /// - Throws: ``LeaseholdError``: `refused` with the server's words, `invalid`, `notFinished` if it is not active in
    ///   time, and those of reading the configuration. After `notFinished` the lease is still asked for.
    public nonisolated(nonsending) func submit(
        waitForActive: Bool = true, waitTimeout: Duration = .seconds(300), show style: LeaseStyle? = nil,
        idempotent: Bool = false, retryOnError retries: Int = 0, isOffline: Bool = false,
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws(LeaseholdError) {
        guard case .draft = state else {
            throw LeaseholdError(code: .invalid, message: "'\(name)' has been submitted already (\(id ?? "no id")).")
        }
        guard !requests.isEmpty else {
            throw LeaseholdError(code: .invalid, message: "'\(name)' reserves nothing: add a reservation before.")
        }
        var attempts = 0
        var isFound = false
        while true {
            do {
                isFound = try await create(idempotent: idempotent, isOffline: isOffline, progress)
                if waitForActive, !isOffline {
                    try await wait(status: .active, timeout: waitTimeout, progress: progress)
                }
                break
            } catch {
                // What another program made is not for this one to delete.
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
        if let style { show(style) }
    }

    /// Asks for the lease once.
    ///
    /// - Returns: whether it was there already.
    private nonisolated(nonsending) func create(
        idempotent: Bool, isOffline: Bool, _ progress: @escaping @Sendable (SyncProgress) async -> Void
    ) async throws(LeaseholdError) -> Bool {
        // A lease that starts when it is created lasts as long as was said, however late that is.
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
        case .queued, .sending, .unknown, .accepted, .settled, .blocked, .parked: break
        }
        if let lease = result.lease {
            state = .mirrored(lease)
        } else if let reference = result.mutation.localID ?? result.mutation.leaseID {
            state = .mirrored(try manager.lease(reference, scopes: [result.mutation.scopeID]))
        }
        return result.isFound
    }

    /// Whether nothing is left of a creation that failed, so that another lease may be asked for.
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

    // MARK: - Waiting and reading again

    /// Waits until the lease has a status, reading its cloud again and again.
    ///
    /// - Parameters:
    ///   - status: the status to wait for.
    ///   - style: how to print the lease then; `nil` not to.
    ///   - timeout: how long to wait at most.
    ///   - progress: told what happens, while it happens: `SyncProgress.waiting` after each look.
    /// - Throws: ``LeaseholdError`` of code `notFinished` after the timeout, `refused` if it can never get there, with
    ///   the server's words if it gave any; `invalid` before it is submitted.
    public nonisolated(nonsending) func wait(
        status: LeaseStatus = .active, show style: LeaseStyle? = nil, timeout: Duration = .seconds(500),
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws(LeaseholdError) {
        let reference = try submittedID()
        do {
            let result = try await manager.wait(
                for: reference, clouds: cloud.map { [$0] } ?? [], status: status,
                timeoutSeconds: timeout.components.seconds, progress: progress)
            if let lease = result.lease { state = .mirrored(lease) }
        } catch {
            try? reload()
            throw LeaseholdError(stopping: error, name)
        }
        if let style { show(style) }
    }

    /// Reads the lease's cloud, and the lease from it; where the cloud cannot be reached, what the database has.
    ///
    /// - Parameter progress: told what happens, while it happens.
    /// - Returns: whether the cloud has been read.
    /// - Throws: ``LeaseholdError`` of code `invalid` before it is submitted, `notFound` if the database does not have it.
    @discardableResult
    public nonisolated(nonsending) func refresh(
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws(LeaseholdError) -> Bool {
        _ = try submittedID()
        let isRead = try await sync(readsResources: false, progress)
        try reload()
        return isRead
    }

    /// Deletes the lease: queued first, then sent. One whose creation has not left is withdrawn.
    ///
    /// - Parameters:
    ///   - isOffline: whether only to queue the deletion.
    ///   - progress: told what happens, while it happens.
    /// - Throws: ``LeaseholdError`` of code `invalid` before it is submitted, `refused` with the server's words.
    public nonisolated(nonsending) func delete(
        isOffline: Bool = false, progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws(LeaseholdError) {
        let result = try await change(.delete, [:], isOffline: isOffline, progress)
        guard let lease else { return }
        if [.accepted, .settled, .cancelled].contains(result.mutation.state) { state = .deleted(lease) }
    }

    /// Moves the end of the lease; the same twice does no harm.
    ///
    /// - Parameters:
    ///   - end: when it is to end, to the minute.
    ///   - isOffline: whether only to queue the change.
    ///   - progress: told what happens, while it happens.
    /// - Throws: ``LeaseholdError`` of code `invalid` before it is submitted, `refused` with the server's words.
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

    /// What the database knows the lease by.
    func submittedID() throws(LeaseholdError) -> String {
        guard let id else {
            throw LeaseholdError(code: .invalid, message: "'\(name)' has not been submitted yet, so it has no id.")
        }
        return id
    }

    /// Takes what the database has.
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

    /// Reads the lease's cloud.
    nonisolated(nonsending) func sync(
        readsResources: Bool, _ progress: @escaping @Sendable (SyncProgress) async -> Void
    ) async throws(LeaseholdError) -> Bool {
        let scope = try manager.scopes().first { $0.id == mirrored?.scopeID }
        var options = SyncOptions()
        options.readsResources = readsResources
        if let scope {
            return try await manager.sync(
                leadingTo: scope, clouds: cloud.map { [$0] } ?? [], options: options, progress: progress)
        }
        let clouds = cloud.map { Clouds.named([$0]) } ?? .standard
        let reports = try await manager.sync(clouds: clouds, options: options, progress: progress)
        return reports.allSatisfy { $0.failure == nil }
    }
}

extension LeaseholdError {
    /// What a person gets if something that takes its time was stopped, or went wrong.
    init(stopping error: any Error, _ name: String) {
        if error is CancellationError {
            self.init(code: .notFinished, message: "Waiting for '\(name)' was stopped; what is queued stays queued.")
        } else {
            self.init(writing: error)
        }
    }
}
