import LeaseModel
import LeaseStore
import MirrorFixtures
import OpenStackClient
import Synchronization

@testable import SyncEngine

/// A database, a cloud, and a clock that advances ten minutes with each pull.
struct PullFixture {
    let mirror: StoreFixture
    let cloud: ScriptedCloud
    let clock = TestClock()
    let log = ProgressLog()

    init(_ cloud: ScriptedCloud = ScriptedCloud()) throws {
        mirror = try StoreFixture()
        self.cloud = cloud
    }

    func remove() { mirror.remove() }

    func connection(
        _ name: String = "alpha", _ session: (any ServiceSession)? = nil, wantsAllProjects: Bool = false
    ) -> CloudConnection {
        .scripted(name, session ?? cloud, clock: clock, wantsAllProjects: wantsAllProjects)
    }

    /// Pulls once; leases only, unless told otherwise.
    @discardableResult
    func pull(
        _ connection: CloudConnection? = nil, confirmsDeletes: Bool = false, confirmsProject: Bool = false,
        readsResources: Bool = false, leasesPerBatch: Int? = nil
    ) async -> SyncReport {
        var options = SyncOptions()
        options.confirmsDeletes = confirmsDeletes
        options.confirmsProject = confirmsProject
        options.readsResources = readsResources
        if let leasesPerBatch { options.leasesPerBatch = leasesPerBatch }
        let pull = LeaseListSync(
            store: mirror.store, connection: connection ?? self.connection(), options: options,
            progress: { [log] in log.note($0) })
        let report = await pull.run()
        clock.advance(minutes: 10)
        return report
    }

    /// The ids of the leases that the mirror lists.
    func listed() throws -> Set<String> { Set(try mirror.store.leases(LeaseFilter()).map(\.id)) }

    func removal(of id: String, scope: Int64? = nil) throws -> Removal? {
        try mirror.store.lease(id: id, scope: scope ?? mirror.scope.id)?.removal
    }

    func lastRun(_ cloud: String = "alpha") throws -> SyncRun? {
        try mirror.store.lastRuns().first { $0.cloud == cloud }
    }
}

/// A clock that stands still between advances.
final class TestClock: Sendable {
    private let minutes = Mutex(0)

    var now: Timestamp { StoreFixture.time(minutes.withLock(\.self)) }
    func advance(minutes more: Int) { minutes.withLock { $0 += more } }
}

/// Records a sync's progress.
final class ProgressLog: Sendable {
    private let steps = Mutex<[SyncProgress]>([])

    func note(_ step: SyncProgress) { steps.withLock { $0.append(step) } }
    var all: [SyncProgress] { steps.withLock(\.self) }
    /// The reports of finished clouds.
    var reports: [SyncReport] { all.compactMap { if case .finished(let report) = $0 { report } else { nil } } }
}

extension SyncProgress {
    /// The changes that it reports.
    var changes: [LeaseChange] { if case .changed(_, let changes) = self { changes } else { [] } }
}

extension CloudConnection {
    /// A connection to a cloud in memory.
    static func scripted(
        _ name: String, _ session: any ServiceSession, clock: TestClock, wantsAllProjects: Bool = false
    ) -> CloudConnection {
        let cloud = CloudConfiguration(
            name: name, origin: .environment, authURL: "http://cloud/v3", authType: "v3token",
            credentials: .token(Secret("not-shown")), wantsAllProjects: wantsAllProjects)
        return CloudConnection(
            cloud: cloud, session: session, now: { clock.now },
            shutDown: { (session as? ScriptedCloud)?.close() })
    }
}
