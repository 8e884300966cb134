package import LeaseModel
package import LeaseStore
import SyncPlanner

/// Syncs several clouds with one database at the same time. A failure of one does not affect the others.
package struct Synchronizer: Sendable {
    private let store: LeaseStore
    private let options: SyncOptions
    private let keeper: Keeper?
    private let waiter: Waiter?
    private let progress: @Sendable (SyncProgress) async -> Void

    package init(
        store: LeaseStore, options: SyncOptions, keeper: Keeper? = nil, waiter: Waiter? = nil,
        progress: @escaping @Sendable (SyncProgress) async -> Void
    ) {
        self.store = store
        self.keeper = keeper
        self.waiter = waiter
        self.options = options
        self.progress = progress
    }

    /// Syncs the clouds.
    ///
    /// - Returns: a report for each cloud, in the order of the entries.
    package func run(_ entries: [CloudDirectory.Entry]) async -> [SyncReport] {
        await withTaskGroup(of: (Int, SyncReport).self) { group in
            for (index, entry) in entries.enumerated() {
                group.addTask { (index, await run(entry)) }
            }
            var reports: [Int: SyncReport] = [:]
            for await (index, report) in group { reports[index] = report }
            return entries.indices.compactMap { reports[$0] }
        }
    }

    private func run(_ entry: CloudDirectory.Entry) async -> SyncReport {
        let report: SyncReport
        switch entry.connection {
        case .success(let connection):
            report = await pull(connection, options)
            await connection.close()
        case .failure(let fault):
            report = Self.report(fault, cloud: entry.name)
        }
        await progress(.finished(report))
        return report
    }

    func pull(_ connection: CloudConnection, _ options: SyncOptions) async -> SyncReport {
        let report = await CloudSync(
            store: store, connection: connection, options: options, keeper: keeper, waiter: waiter, progress: progress
        ).run()
        return await connection.warning(of: report, asks: options.readsResources)
    }

    static func report(_ fault: CloudError, cloud: String) -> SyncReport {
        SyncReport(
            cloud: cloud, site: cloud, failure: .configuration, message: fault.message, counts: SyncCounts(),
            isFirst: false)
    }
}

/// Keeps the mirror fresh: syncs every cloud again and again until its task is canceled.
///
/// Each cloud has a schedule of its own, so that one that cannot be reached never delays another.
package struct SyncWatch: Sendable {
    /// How often to read hosts, flavors, networks and names, in seconds. They change rarely, and reading them takes ten
    /// requests.
    private static var resourceIntervalSeconds: Int64 { 900 }

    private let store: LeaseStore
    private let intervalSeconds: Double
    private let options: SyncOptions
    private let keeper: Keeper?
    private let waiter: Waiter?
    private let now: @Sendable () -> Timestamp
    private let sleep: @Sendable (Double) async throws -> Void
    private let progress: @Sendable (SyncProgress) async -> Void
    private let makeRandom: @Sendable () -> any RandomNumberGenerator

    /// - Parameters:
    ///   - store: the database.
    ///   - intervalSeconds: the time from the end of one sync of a cloud to the beginning of the next, in seconds.
    ///   - options: the options of each sync.
    ///   - keeper: what extends kept leases; `nil` to extend none.
    ///   - waiter: what sends creations that wait for room; `nil` to send none.
    ///   - now: the clock.
    ///   - sleep: waits for this many seconds, and throws when its task is canceled.
    ///   - progress: called for everything that happens.
    ///   - makeRandom: makes a source of randomness for one cloud's schedule.
    package init(
        store: LeaseStore, intervalSeconds: Double, options: SyncOptions = SyncOptions(), keeper: Keeper? = nil,
        waiter: Waiter? = nil,
        now: @escaping @Sendable () -> Timestamp,
        sleep: @escaping @Sendable (Double) async throws -> Void,
        progress: @escaping @Sendable (SyncProgress) async -> Void,
        makeRandom: @escaping @Sendable () -> any RandomNumberGenerator = { SystemRandomNumberGenerator() }
    ) {
        self.store = store
        self.intervalSeconds = intervalSeconds
        self.options = options
        self.keeper = keeper
        self.waiter = waiter
        self.now = now
        self.sleep = sleep
        self.progress = progress
        self.makeRandom = makeRandom
    }

    /// Runs until its task is canceled.
    ///
    /// - Parameter entries: returns the clouds. It is called again for a cloud whose configuration was invalid.
    /// - Throws: ``CloudError`` if the clouds cannot be determined.
    package func run(_ entries: @escaping @Sendable () throws(CloudError) -> [CloudDirectory.Entry])
        async throws(CloudError)
    {
        await watch(try entries(), entries)
    }

    private func watch(
        _ watched: [CloudDirectory.Entry],
        _ entries: @escaping @Sendable () throws(CloudError) -> [CloudDirectory.Entry]
    ) async {
        await withTaskGroup(of: Void.self) { group in
            for entry in watched {
                group.addTask { await watch(entry, entries) }
            }
        }
    }

    private func watch(
        _ watched: CloudDirectory.Entry, _ entries: @escaping @Sendable () throws(CloudError) -> [CloudDirectory.Entry]
    ) async {
        var connection: CloudConnection?
        var failures = 0
        var resourcesReadAt: Timestamp?
        var random = makeRandom()
        let backoff = Backoff(baseSeconds: intervalSeconds, capSeconds: max(900, intervalSeconds))
        while !Task.isCancelled {
            let report: SyncReport
            do throws(CloudError) {
                if connection == nil {
                    let found = try entries().filter { watched.reference.stands(for: $0.reference) }
                    // An invalid entry does not show its regions. Once it is corrected, each region gets a schedule of
                    // its own.
                    guard found.count == 1 else { return await watch(found, entries) }
                    connection = try found.first?.connection.get()
                }
                guard let connection else { return }
                var options = options
                options.readsResources =
                    resourcesReadAt.map { now().seconds(since: $0) >= Self.resourceIntervalSeconds } ?? true
                let synchronizer = Synchronizer(
                    store: store, options: options, keeper: keeper, waiter: waiter, progress: progress)
                report = await synchronizer.pull(connection, options)
                if options.readsResources, report.failure == nil { resourcesReadAt = now() }
            } catch {
                report = Synchronizer.report(error, cloud: watched.name)
            }
            if Task.isCancelled { break }
            await progress(.finished(report))
            failures = report.failure == nil ? 0 : failures + 1
            // Between 90% and 110% of the interval, so that many mirrors of one site spread out.
            let regular = intervalSeconds * Double.random(in: 0.9...1.1, using: &random)
            let extra = backoff.seconds(failures: failures, retryAfter: report.retryAfter, using: &random)
            guard (try? await sleep(max(regular, extra))) != nil else { break }
        }
        await connection?.close()
    }
}
