import BlazarModel
import CloudFixtures
import Foundation
import LeaseModel
import Leasehold
import OpenStackClient
import SyncEngine
import Synchronization

/// A manager on an empty database, a Blazar in memory that it reaches as the cloud `lab`, and a clock that waiting
/// advances.
struct LeaseLab {
    let cloud: QueueCloud
    let folder: URL
    let manager: LeaseManager
    /// The pages that were opened.
    let pages = PageList()

    init(_ dialect: Dialect = .upstream, account: String = "user1") throws {
        cloud = QueueCloud(dialect)
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        manager = try Self.manager(cloud, folder, account, pages)
    }

    /// Runs a test in a lab of its own.
    static func with(_ dialect: Dialect = .upstream, _ body: (LeaseLab) async throws -> Void) async throws {
        let lab = try LeaseLab(dialect)
        defer { try? FileManager.default.removeItem(at: lab.folder) }
        try await body(lab)
    }

    /// Another manager, as in another process, on the named database, with a clock that differs from the cloud's.
    func manager(database: String = "db.sqlite", secondsOff: Int64 = 0) throws -> LeaseManager {
        try Self.manager(cloud, folder, "user1", pages, database: database, secondsOff: secondsOff)
    }

    private static func manager(
        _ cloud: QueueCloud, _ folder: URL, _ account: String, _ pages: PageList, database: String = "db.sqlite",
        secondsOff: Int64 = 0
    ) throws -> LeaseManager {
        var password = ""
        var project = ""
        cloud.change { model in
            guard case .password(_, let secret, let own)? = model.accounts.first(where: { $0.name == account })?.proof
            else { return }
            (password, project) = (secret, own)
        }
        let clouds = """
            clouds:
              lab:
                auth: {auth_url: "http://127.0.0.1:5000/identity/v3", username: \(account), password: \(password),
                       project_name: \(project), user_domain_id: default, project_domain_id: default}
            """
        try Data(clouds.utf8).write(to: folder.appendingPathComponent("clouds.yaml"))
        let now: @Sendable () -> Timestamp = { cloud.now.adding(seconds: secondsOff) }
        var configuration = LeaseManager.Configuration(
            databasePath: folder.appendingPathComponent(database).path, environment: ["OS_CLOUD": "lab"],
            currentDirectory: folder.path, homeDirectory: folder.path, now: now)
        configuration.pageOpener = pages
        let directory = CloudDirectory(
            environment: configuration.environment, homeDirectory: folder.path, currentDirectory: folder.path,
            userAgent: "test", now: now, decorate: { _ in cloud })
        return try LeaseManager(
            configuration, access: .writing, directory: directory,
            sleep: { cloud.advance(Int64($0.rounded(.up))) })
    }

    /// A lease with one host, for an hour.
    func lease(_ name: String = "mine", startsAt: Timestamp? = nil) throws -> Lease {
        let lease = try Lease(name: name, startsAt: startsAt, duration: .seconds(3_600), manager: manager)
        try lease.addReservation(.node())
        return lease
    }

    /// The names of the leases that the server has, of all projects.
    var names: [String] { cloud.leases().map(\.name).sorted() }
}

/// Takes note of each page that would be opened.
final class PageList: LeasePageOpener {
    private let opened = Mutex<[(path: String, status: LeaseStatus?)]>([])

    /// The views, and the status that each lease had when its page was opened.
    var views: [(path: String, status: LeaseStatus?)] { opened.withLock { $0 } }

    func open(_ path: String, of manager: LeaseManager) async throws(LeaseholdError) -> String {
        let id = path.split(separator: "/").last.map(String.init) ?? ""
        let status = try manager.getLease(id)?.status
        opened.withLock { $0.append((path, status)) }
        return "http://127.0.0.1:1\(path)"
    }
}
