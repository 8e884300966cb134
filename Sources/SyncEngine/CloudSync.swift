package import LeaseModel
package import LeaseStore
import SyncPlanner

/// Syncs one cloud with the database: pulls its leases, then pushes the queue.
///
/// Pulling comes first. It finds out which unconfirmed creations have been carried out, and it notices an answer that
/// cannot be trusted (from a captive portal, for example) before anything is sent.
package struct CloudSync: Sendable {
    private let store: LeaseStore
    private let connection: CloudConnection
    private let options: SyncOptions
    private let keeper: Keeper?
    private let waiter: Waiter?
    private let random: @Sendable () -> UInt64
    private let checkpoint: @Sendable (String) throws -> Void
    private let progress: @Sendable (SyncProgress) async -> Void

    /// - Parameters:
    ///   - store: the database.
    ///   - connection: the cloud.
    ///   - options: the options of the sync.
    ///   - keeper: what extends kept leases; `nil` to extend none.
    ///   - waiter: what sends creations that wait for room; `nil` to send none.
    ///   - random: the source of randomness.
    ///   - checkpoint: called between steps. If it throws, the sync ends there, as in a crash.
    ///   - progress: called for everything that happens.
    package init(
        store: LeaseStore, connection: CloudConnection, options: SyncOptions, keeper: Keeper? = nil,
        waiter: Waiter? = nil,
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) },
        checkpoint: @escaping @Sendable (String) throws -> Void = { _ in },
        progress: @escaping @Sendable (SyncProgress) async -> Void
    ) {
        self.store = store
        self.connection = connection
        self.options = options
        self.keeper = keeper
        self.waiter = waiter
        self.random = random
        self.checkpoint = checkpoint
        self.progress = progress
    }

    /// Pulls, pushes, and pulls again if anything was sent.
    package func run() async -> SyncReport {
        // First recover the writes that a dead process was sending: the list read next may show their outcome. If the
        // database cannot be used, the pull reports it.
        let identity = try? await connection.scopeIdentity()
        let outset = try? store.scopesAndSending()
        let scopes = outset?.scopes
        let before = scopes?.first { $0.clouds.contains(connection.reference.description) }
        // The token may lead to another scope than the cloud did before.
        let known = identity.flatMap { identity in scopes?.first { $0.isFor(identity) } }
        if let known, outset?.sending.contains(known.queueAddress) == true { _ = try? push(known).recover() }
        var report = await pull(options)
        if let remark = connection.clockRemark { report.warnings.append(remark) }
        guard report.failure == nil else { return report }
        do {
            try checkpoint("list read")
            // The token may have been renewed in the meantime, for another project.
            let present = try await connection.scopeIdentity()
            let same = present == identity ? known : nil
            guard let scope = try same ?? store.scopes().first(where: { $0.isFor(present) }) else { return report }
            // Every write is for the site and project of some scope.
            if scopes?.allSatisfy({ $0.queueAddress == scope.queueAddress }) != true {
                report.warnings += try store.noteDetours(
                    of: connection.reference, before: before, to: scope, at: connection.now())
            }
            var (moved, hasUnfinished) = try await reconcile(scope)
            try checkpoint("list compared with the queue")
            report.kept = try await keep(scope, mayExtend: true)
            hasUnfinished = hasUnfinished || report.kept.contains { $0.newEnd != nil }
            let admitted = try await admit(scope, readingHolders: true)
            moved += admitted
            hasUnfinished = hasUnfinished || admitted.contains { $0.state == .queued }
            let pushed = hasUnfinished ? try await send(scope) : .done(moved: [])
            try checkpoint("queue sent")
            moved += pushed.moved
            if options.readsResources, !pushed.moved.isEmpty {
                try await ResourceReader(connection: connection, seesAllProjects: scope.seesAllProjects)
                    .readTouched(by: pushed.moved, into: store, scope: scope)
            }
            if case .paused(_, let pause) = pushed {
                report = report.failing(pause)
            } else if pushed.moved.contains(where: { $0.state == .accepted || $0.verb == .delete }) {
                var again = options
                again.readsResources = false
                let second = await pull(again)
                let (warnings, kept) = (report.warnings, report.kept)
                report = second.failure == nil ? report.adding(second.counts) : second
                report.kept = kept
                if second.failure != nil { report.warnings = warnings + second.warnings }
                moved += try await reconcile(scope).moved
            }
            // What came of the extensions, and when the next ones are due.
            if !moved.isEmpty { report.kept += try await keep(scope, mayExtend: false) }
            report.mutations = moved
        } catch {
            report = report.failing(CloudError(error))
        }
        return report
    }

    /// Sends the queue. If the site has no room for a waiting creation, it may have some for another request of it.
    private func send(_ scope: Scope) async throws -> SendResult {
        var result = try await push(scope).run()
        var moved = result.moved
        for _ in 0..<Self.maxRequests {
            guard case .done(let sent) = result, sent.contains(where: { $0.state == .waiting }) else { break }
            let admitted = try await admit(scope, readingHolders: false)
            moved += admitted
            guard admitted.contains(where: { $0.state == .queued && $0.address == scope.queueAddress }) else { break }
            result = try await push(scope).run()
            moved += result.moved
        }
        switch result {
        case .done: return .done(moved: moved)
        case .busy: return .busy
        case .paused(_, let pause): return .paused(moved: moved, pause)
        }
    }

    /// The largest number of requests of one waiting creation that are tried at a sync.
    private static var maxRequests: Int { 8 }

    private func push(_ scope: Scope) -> QueueSender {
        QueueSender(
            store: store, connection: connection, scope: scope, rules: options.rules, random: random,
            checkpoint: checkpoint, progress: progress)
    }

    private func pull(_ options: SyncOptions) async -> SyncReport {
        await LeaseListSync(store: store, connection: connection, options: options, progress: progress).run()
    }

    /// Looks at the kept leases.
    private func keep(_ scope: Scope, mayExtend: Bool) async throws -> [KeepNews] {
        guard let keeper else { return [] }
        let news = try keeper.run(of: scope.queueAddress, at: connection.now(), mayExtend: mayExtend)
        for item in news { await progress(.kept(cloud: connection.name, item)) }
        if !news.isEmpty { try checkpoint("kept leases") }
        return news
    }

    /// Looks at the creations that wait for room.
    ///
    /// - Returns: those that are to be sent, and those that will not be.
    private func admit(_ scope: Scope, readingHolders: Bool) async throws -> [Mutation] {
        guard let waiter else { return [] }
        let waiting = try store.waitingCreations(at: scope.queueAddress)
        guard !waiting.isEmpty else { return [] }
        if readingHolders, waiter.readsHolders, !options.readsResources {
            await ResourceReader(connection: connection, seesAllProjects: scope.seesAllProjects)
                .readHolders(for: waiting, into: store, scope: scope)
        }
        let moved = try waiter.run(waiting, at: scope.queueAddress, now: connection.now())
        for mutation in moved { await progress(.mutation(cloud: connection.name, mutation)) }
        if !moved.isEmpty { try checkpoint("waiting creations") }
        return moved
    }

    private func reconcile(_ scope: Scope) async throws -> (moved: [Mutation], hasUnfinished: Bool) {
        let result = try store.reconcileQueue(scope: scope.id, rules: options.rules, at: connection.now())
        for mutation in result.moved { await progress(.mutation(cloud: connection.name, mutation)) }
        return result
    }
}

extension SyncOptions {
    var rules: QueueRules { QueueRules(quietPeriodSeconds: quietPeriodSeconds) }
}

extension SyncReport {
    /// This report, as a failure.
    fileprivate func failing(_ error: CloudError) -> SyncReport {
        var report = self
        report.failure = error.failure
        report.message = error.message
        report.requestID = error.requestID
        report.retryAfter = error.retryAfter
        return report
    }

    /// This report, with the changes of a second pull added.
    fileprivate func adding(_ more: SyncCounts) -> SyncReport {
        var report = self
        report.counts = more
        report.counts.new += counts.new
        report.counts.changed += counts.changed
        report.counts.ended += counts.ended
        report.counts.vanished += counts.vanished
        return report
    }
}
