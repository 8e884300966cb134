package import LeaseModel
package import LeaseStore

/// Reads several clouds into one database at the same time; each fails alone.
package struct Synchronizer: Sendable {
    private let store: LeaseStore
    private let options: PullOptions
    private let progress: @Sendable (SyncProgress) async -> Void

    package init(
        store: LeaseStore, options: PullOptions, progress: @escaping @Sendable (SyncProgress) async -> Void
    ) {
        self.store = store
        self.options = options
        self.progress = progress
    }

    /// Reads the clouds.
    ///
    /// - Returns: a report for each, in the order given.
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

    func pull(_ connection: CloudConnection, _ options: PullOptions) async -> SyncReport {
        let report = await CloudSync(store: store, connection: connection, options: options, progress: progress).run()
        return await connection.warning(of: report, asks: options.readsResources)
    }

    static func report(_ fault: CloudFault, cloud: String) -> SyncReport {
        SyncReport(
            cloud: cloud, site: cloud, failure: .configuration, message: fault.message, counts: SyncCounts(),
            isFirst: false)
    }
}
