import LeaseModel
import Leasehold
import ServiceLifecycle
import Synchronization

/// The syncs that people ask for on the page: one at a time, in the background.
final class WebSyncs: Service {
    private struct State {
        /// What is happening at each cloud, in the order in which it began; `nil` while nothing is.
        var progress: [(cloud: String, text: String)]?
        /// What went wrong in the last sync.
        var failures: [String] = []
    }

    private let manager: LeaseManager
    private let live: WebLive
    private let state = Mutex(State())
    private let requests: AsyncStream<Clouds>
    private let asking: AsyncStream<Clouds>.Continuation

    /// - Parameters:
    ///   - manager: the database.
    ///   - live: learns of the progress.
    init(manager: LeaseManager, live: WebLive) {
        self.manager = manager
        self.live = live
        (requests, asking) = AsyncStream.makeStream()
    }

    /// What is happening at each cloud now; `nil` if no sync is running.
    var progress: [(cloud: String, text: String)]? { state.withLock { $0.progress } }

    /// What went wrong in the last sync.
    var failures: [String] { state.withLock { $0.failures } }

    /// Asks for a sync.
    ///
    /// - Parameter clouds: the clouds to sync.
    /// - Returns: whether it begins; another one may be running.
    func begin(_ clouds: Clouds) -> Bool {
        let isFree = state.withLock { state in
            guard state.progress == nil else { return false }
            state.progress = []
            return true
        }
        if isFree { asking.yield(clouds) }
        return isFree
    }

    /// Carries out what is asked for, until the server stops.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            for await clouds in requests { await sync(clouds) }
        }
    }

    private func sync(_ clouds: Clouds) async {
        do throws(LeaseholdError) {
            let reports = try await manager.sync(clouds: clouds) { event in
                if self.note(event) { self.live.announce(.change) }
            }
            end(reports.compactMap { report in report.message.map { "\(report.cloud): \($0)" } })
        } catch {
            end([error.message])
        }
        live.announce(.change)
    }

    private func end(_ failures: [String]) {
        state.withLock { state in
            state.progress = nil
            state.failures = failures
        }
    }

    /// - Returns: whether a page that shows it is different now.
    private func note(_ event: SyncProgress) -> Bool {
        guard let (cloud, text) = event.phrase else { return false }
        return state.withLock { state in
            var progress = state.progress ?? []
            if let place = progress.firstIndex(where: { $0.cloud == cloud }) {
                guard progress[place].text != text else { return false }
                progress[place].text = text
            } else {
                progress.append((cloud, text))
            }
            state.progress = progress
            return true
        }
    }
}

extension SyncProgress {
    /// What is happening, at which cloud, for people; `nil` if it is not worth a word.
    fileprivate var phrase: (cloud: String, text: String)? {
        switch self {
        case .reading(let cloud, _, _, let leases): (cloud, "reading leases: \(leases / 1_000 * 1_000) and more")
        case .writing(let cloud, let done, let total): (cloud, "storing \(done) of \(total) new and changed leases")
        case .confirming(let cloud, let done, let total):
            (cloud, "asking for \(total) missing leases, \(done) answered")
        case .resources(let cloud, let kind): (cloud, "reading resources: \(kind.rawValue)")
        case .mutation(let cloud, let write): (cloud, "write \(write.id) is \(write.state.rawValue)")
        case .finished(let report): (report.cloud, report.failure == nil ? "done" : "failed")
        case .changed, .kept, .waiting: nil
        }
    }
}
