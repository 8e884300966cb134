import Dispatch
public import Foundation
public import LeaseModel
import LeaseStore
package import Logging
package import SyncEngine

/// The leases of all clouds that have been synced, from a local database.
///
/// Reading needs no network and no login. ``sync(clouds:options:progress:)`` talks to the clouds.
///
/// ```swift
/// let manager = try LeaseManager()
/// for lease in try manager.leases() where lease.lease.status == .active {
///     print(lease.lease.name, lease.lease.endsAt)
/// }
/// ```
///
/// A manager can be used from any thread. Several managers, in one or more processes, can use the same database.
public struct LeaseManager: Sendable {
    /// Where the manager finds the database and its configuration.
    public struct Configuration: Sendable {
        /// The path of the database.
        public var databasePath: String
        /// The environment variables, including `OS_*` and those that lead to clouds.yaml.
        public var environment: [String: String]
        /// The folder that may contain `./clouds.yaml`.
        public var currentDirectory: String
        /// The home folder, which contains `.config` unless `XDG_CONFIG_HOME` is set.
        public var homeDirectory: String
        /// Opens leases in a browser; `nil` if the program has no page. The product `LeaseWeb` has an opener.
        public var pageOpener: (any LeasePageOpener)?
        /// The clock.
        public var now: @Sendable () -> Timestamp
        /// Asks a person to log in; `nil` if nobody can be asked.
        package var assistant: (any LoginAssistant)?
        /// Settings from the command line for the selected cloud, by their names in clouds.yaml: `project_name`.
        package var cloudOptions: [String: String] = [:]
        /// The log for requests and decisions; `nil` for none.
        package var logger: Logger?
        /// The source of randomness.
        package var random: @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }

        /// Makes a configuration; by default, that of the process.
        ///
        /// The default database is `LEASEHOLD_DB` or, if that is not set, `$XDG_DATA_HOME/leasehold/leasehold.sqlite`.
        public init(
            databasePath: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment,
            currentDirectory: String = FileManager.default.currentDirectoryPath,
            homeDirectory: String? = nil,
            now: @escaping @Sendable () -> Timestamp = LeaseManager.systemClock
        ) {
            self.databasePath = databasePath ?? StoreFile.defaultPath(environment: environment)
            self.environment = environment
            self.currentDirectory = currentDirectory
            // NSHomeDirectory reads the user database, and thereby may ask a directory server over a socket.
            self.homeDirectory = homeDirectory ?? environment["HOME"] ?? NSHomeDirectory()
            self.now = now
        }
    }

    /// The configuration.
    public let configuration: Configuration
    let store: LeaseStore
    /// The configured clouds.
    let directory: CloudDirectory
    /// Waits for a number of seconds.
    let sleep: @Sendable (Double) async throws -> Void

    /// Opens the database.
    ///
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public init(_ configuration: Configuration = Configuration(), access: DatabaseAccess = .writing)
        throws(LeaseholdError)
    {
        try self.init(
            configuration, access: access, directory: Self.directory(configuration),
            sleep: { try await Task.sleep(for: .seconds($0)) })
    }

    /// Opens the database with clouds and a clock that a test provides.
    ///
    /// - Throws: ``LeaseholdError`` with the code `database`.
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

    /// The system's clock, in whole seconds.
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

/// An error with a message and a stable code.
public struct LeaseholdError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of error. The raw value is stable.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No lease, reservation or cloud matches the reference.
        case notFound = "not_found"
        /// Several match the reference.
        case ambiguous
        /// An argument is invalid.
        case invalid
        /// The database cannot be opened, read or written.
        case database
        /// clouds.yaml, secure.yaml or the environment is missing or invalid.
        case configuration
        /// The credentials were rejected.
        case authentication
        /// The cloud could not be reached.
        case unreachable
        /// It took longer than allowed.
        case notFinished = "not_finished"
        /// The cloud refused, or the awaited status can no longer be reached.
        case refused
    }

    /// The kind of error.
    public let code: Code
    /// One sentence: what failed, where, and what to do. It may quote text from others, which may contain control
    /// characters.
    public let message: String
    /// The leases that an ambiguous reference may mean.
    public let candidates: [LeaseCandidate]
    /// Whether the same write is queued if it is forced: it was refused because of what is known here.
    public internal(set) var canBeForced = false

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
    /// Logs decisions during a sync, and passes the progress on.
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
    /// A decision as a sentence; `nil` for mere progress.
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
        case .kept(let cloud, let news):
            "\(cloud): kept lease \"\(news.rule.leaseName)\""
                + (news.newEnd.map { ": an end at \($0) is asked for" } ?? "")
                + (news.rule.ending.map { ": \($0.rawValue)" } ?? "") + (news.rule.message.map { ": \($0)" } ?? "")
        case .finished(let report):
            "\(report.cloud): \(report.failure?.rawValue ?? "complete")" + (report.message.map { ": \($0)" } ?? "")
        }
    }
}

/// Threads for work that waits for the database.
///
/// A thread that meets a lock of SQLite's waits for it, up to half a minute. Swift has only as many threads as there
/// are processor cores, and the whole program shares them. So this work runs on other threads.
package final class DatabaseThreads: TaskExecutor {
    private static let shared = DatabaseThreads()

    private let queue = DispatchQueue(label: "leasehold.database", attributes: .concurrent)

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Runs an operation and its child tasks on these threads.
    package static func run<Value, Failure: Error>(
        _ operation: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await withTaskExecutorPreference(shared, operation: operation)
    }
}

extension Timestamp {
    /// Makes a moment from a date, without its fraction of a second. A date out of range becomes the first or last
    /// representable moment.
    public init(_ date: Date) {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        self.init(secondsSince1970: Int64(exactly: seconds) ?? (seconds > 0 ? .max : .min))
    }

    /// The moment as a Foundation date.
    public var date: Date { Date(timeIntervalSince1970: Double(secondsSince1970)) }
}
