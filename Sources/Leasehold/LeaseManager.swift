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

    /// What the database is opened for.
    public enum Access: Sendable {
        /// To answer questions; there must be a database.
        case reading
        /// To sync as well; a database is made if there is none.
        case writing
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
    public init(_ configuration: Configuration = Configuration(), access: Access = .writing) throws(LeaseholdError) {
        try self.init(
            configuration, access: access, directory: Self.directory(configuration),
            sleep: { try await Task.sleep(for: .seconds($0)) })
    }

    /// Opens the database, for clouds and a time that a test makes.
    ///
    /// - Throws: ``LeaseholdError`` of code `database`.
    package init(
        _ configuration: Configuration, access: Access, directory: CloudDirectory,
        sleep: @escaping @Sendable (Double) async throws -> Void
    ) throws(LeaseholdError) {
        self.configuration = configuration
        self.directory = directory
        self.sleep = sleep
        do {
            store = try LeaseStore(path: configuration.databasePath, access: access == .reading ? .reading : .writing)
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
