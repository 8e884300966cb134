import Dispatch
public import Foundation
public import LeaseModel
import LeaseStore
package import Logging
package import SyncEngine

/// The leases of every cloud that has been synced, answered from a local database.
///
/// Reading needs no network and no login. ``sync(clouds:options:progress:)`` is what talks to the clouds.
///
/// ```swift
/// let manager = try LeaseManager()
/// for lease in try manager.leases() where lease.lease.status == .active {
///     print(lease.lease.name, lease.lease.endsAt)
/// }
/// ```
///
/// A manager may be used from any thread, and any number of them, in any number of processes, on one database.
public struct LeaseManager: Sendable {
    /// Where things are.
    public struct Configuration: Sendable {
        /// The database.
        public var databasePath: String
        /// The environment in which clouds.yaml and `OS_*` variables are looked up.
        public var environment: [String: String]
        /// The folder in which `./clouds.yaml` is looked up.
        public var currentDirectory: String
        /// The folder below which `.config` is looked up, unless `XDG_CONFIG_HOME` is set.
        public var homeDirectory: String
        /// The clock.
        public var now: @Sendable () -> Timestamp
        /// Who can be asked to log in; `nil` if nobody can.
        package var assistant: (any LoginAssistant)?
        /// What the command line says of the one cloud that is meant, by the names of clouds.yaml: `project_name`.
        package var cloudOptions: [String: String] = [:]
        /// Where requests and decisions are noted; `nil` if nowhere.
        package var logger: Logger?

        /// What the process was started with.
        ///
        /// The database is `LEASEHOLD_DB`, or else `$XDG_DATA_HOME/leasehold/leasehold.sqlite`.
        public init(
            databasePath: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment,
            currentDirectory: String = FileManager.default.currentDirectoryPath,
            homeDirectory: String? = nil,
            now: @escaping @Sendable () -> Timestamp = LeaseManager.systemClock
        ) {
            self.databasePath = databasePath ?? StoreFile.defaultPath(environment: environment)
            self.environment = environment
            self.currentDirectory = currentDirectory
            // NSHomeDirectory asks the user database, and with it perhaps a directory server over a socket.
            self.homeDirectory = homeDirectory ?? environment["HOME"] ?? NSHomeDirectory()
            self.now = now
        }
    }

    /// Where things are.
    public let configuration: Configuration
    let store: LeaseStore
    /// Finds the clouds.
    let directory: CloudDirectory
    /// Lets so many seconds pass.
    let sleep: @Sendable (Double) async throws -> Void

    /// Opens the database.
    ///
    /// - Throws: ``LeaseholdError`` of code `database`.
    public init(_ configuration: Configuration = Configuration(), access: DatabaseAccess = .writing)
        throws(LeaseholdError)
    {
        try self.init(
            configuration, access: access, directory: Self.directory(configuration),
            sleep: { try await Task.sleep(for: .seconds($0)) })
    }

    /// Opens the database, for clouds and a time that a test makes.
    ///
    /// - Throws: ``LeaseholdError`` of code `database`.
    package init(
        _ configuration: Configuration, access: DatabaseAccess, directory: CloudDirectory,
        sleep: @escaping @Sendable (Double) async throws -> Void
    ) throws(LeaseholdError) {
        self.configuration = configuration
        self.directory = directory
        self.sleep = sleep
        do {
            store = try LeaseStore(path: configuration.databasePath, access: access)
        } catch {
            throw LeaseholdError(error)
        }
    }

    /// The system's clock, to the second.
    public static let systemClock: @Sendable () -> Timestamp = {
        Timestamp(Date())
    }

    func reading<Value>(_ body: (LeaseStore) throws(StoreError) -> Value) throws(LeaseholdError) -> Value {
        do {
            return try body(store)
        } catch {
            throw LeaseholdError(error)
        }
    }
}

/// What went wrong, as one sentence and a fixed code.
public struct LeaseholdError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of error. The raw value is stable.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No lease, reservation or cloud answers to that reference.
        case notFound = "not_found"
        /// Several do.
        case ambiguous
        /// Something given is not valid.
        case invalid
        /// The database cannot be opened, read or written.
        case database
        /// clouds.yaml, secure.yaml or the environment is missing or wrong.
        case configuration
        /// The credentials were refused.
        case authentication
        /// The cloud could not be reached.
        case unreachable
        /// It took longer than allowed.
        case notFinished = "not_finished"
        /// The cloud refused, or what is waited for can no longer happen.
        case refused
    }

    /// The kind of error.
    public let code: Code
    /// One sentence: what, where, and what to do. Text of other people's in it may hold control characters.
    public let message: String
    /// Those that an ambiguous reference may mean.
    public let candidates: [LeaseCandidate]

    /// Makes an error.
    public init(code: Code, message: String, candidates: [LeaseCandidate] = []) {
        self.code = code
        self.message = message
        self.candidates = candidates
    }

    public var description: String { message }

    init(_ error: StoreError) {
        self.init(code: error.kind == .invalid ? .invalid : .database, message: error.message)
    }
}

extension LeaseManager {
    /// Notes what is decided while clouds are read and writes are sent, and hands it on.
    func noting(
        _ progress: @escaping @Sendable (SyncProgress) async -> Void
    ) -> @Sendable (SyncProgress) async -> Void {
        guard let logger = configuration.logger, logger.logLevel <= .info else { return progress }
        return { event in
            if let text = event.decision { logger.info("\(text.escapedForTerminal)") }
            await progress(event)
        }
    }
}

extension SyncProgress {
    /// What was decided, in a sentence; `nil` for what only shows that something moves.
    fileprivate var decision: String? {
        switch self {
        case .reading, .resources, .waiting: nil
        case .writing(_, let done, _) where done > 0: nil
        case .writing(let cloud, _, let total):
            "\(cloud): the list was read to its end; \(total) leases are new or changed"
        case .confirming(_, let done, _) where done > 0: nil
        case .confirming(let cloud, _, let total): "\(cloud): \(total) known leases are not listed: asking for each"
        case .changed(let cloud, let changes): "\(cloud): \(changes.count) changes"
        case .mutation(let cloud, let mutation):
            "\(cloud): write \(mutation.id) (\(mutation.verb.rawValue) \"\(mutation.leaseName)\") is "
                + mutation.state.rawValue + (mutation.reason.map { " (\($0))" } ?? "")
                + (mutation.message.map { ": \($0)" } ?? "")
        case .finished(let report):
            "\(report.cloud): \(report.failure?.rawValue ?? "complete")" + (report.message.map { ": \($0)" } ?? "")
        }
    }
}

/// Threads for work that waits for the database.
///
/// SQLite makes whoever meets a lock wait for it, up to half a minute, on the thread that asked. Swift's own threads are
/// as many as there are processor cores and belong to everybody in the program, so that such work has others.
final class DatabaseThreads: TaskExecutor {
    private static let shared = DatabaseThreads()

    private let queue = DispatchQueue(label: "leasehold.database", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Runs an operation, and the tasks that it makes, on these threads.
    static func run<Value, Failure: Error>(
        _ operation: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await withTaskExecutorPreference(shared, operation: operation)
    }
}

extension Timestamp {
    /// The moment that a date is, its fraction of a second cut off; the first or last one there is if it lies beyond that.
    public init(_ date: Date) {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        self.init(secondsSince1970: Int64(exactly: seconds) ?? (seconds > 0 ? .max : .min))
    }

    /// The moment as Foundation has it.
    public var date: Date { Date(timeIntervalSince1970: Double(secondsSince1970)) }
}
