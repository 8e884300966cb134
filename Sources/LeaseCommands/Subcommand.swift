package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// A command of the tree. What ArgumentParser calls forwards to ``execute(_:)``, which tests call themselves.
package protocol Subcommand: AsyncParsableCommand {
    /// How errors are written: as JSON if that is how results are.
    var writesErrorsAsJSON: Bool { get }

    /// Does the work.
    func execute(_ console: inout Console) async throws
}

extension Subcommand {
    package func run() async throws {
        var console = Console.process
        let status = await conclude(&console)
        withExtendedLifetime(console) { Self.exit(withError: ExitCode(status.rawValue)) }
    }

    /// Does the work and writes what went wrong.
    ///
    /// - Returns: the exit status.
    package func conclude(_ console: inout Console) async -> ExitStatus {
        do {
            try await execute(&console)
            try console.output.flush()
            return .success
        } catch let error as ExitCode {
            return ExitStatus(rawValue: error.rawValue) ?? .failure
        } catch {
            let error = CommandError(error)
            // A reader of the output that has enough, as `head` has, is no reason to complain.
            if error.status != .success, !error.message.isEmpty { error.report(asJSON: writesErrorsAsJSON, &console) }
            return error.status
        }
    }
}

extension CommandError {
    /// Writes the error to standard error: in words, or as JSON.
    func report(asJSON: Bool, _ console: inout Console) {
        guard !asJSON else {
            try? console.errors.write(json.text(.pretty) + "\n")
            try? console.errors.flush()
            return
        }
        console.remark("leasehold: \(message)")
        for candidate in candidates.prefix(20) {
            console.remark("  \(candidate.line)")
        }
        if candidates.count > 20 { console.remark("  and \(candidates.count - 20) more") }
    }
}

/// The options of every command.
package struct GlobalOptions: ParsableArguments {
    @Option(
        name: .customLong("db"),
        help: ArgumentHelp(
            "The database. Default: LEASEHOLD_DB, or leasehold/leasehold.sqlite in XDG_DATA_HOME.", valueName: "file"))
    package var databasePath: String?

    @Option(
        name: .customLong("os-cloud"), parsing: .singleValue,
        help: ArgumentHelp(
            "The cloud, by its name in clouds.yaml; repeat it for more, or say 'all'. Default: OS_CLOUD.",
            valueName: "name"), completion: .values(.clouds))
    package var clouds: [String] = []

    package init() {}

    func configuration(_ console: Console) -> LeaseManager.Configuration {
        var configuration = LeaseManager.Configuration(
            databasePath: databasePath, environment: console.environment,
            currentDirectory: console.currentDirectory, homeDirectory: console.homeDirectory, now: console.now)
        configuration.assistant = console.assistant
        return configuration
    }

    func manager(_ console: Console, access: LeaseManager.Access = .reading) throws(LeaseholdError) -> LeaseManager {
        try LeaseManager(configuration(console), access: access)
    }

    /// The clouds named on the command line, or by `OS_CLOUD`.
    func names(_ console: Console) -> [String] { Self.names(clouds, console.environment) }

    /// The clouds to talk to.
    func selection(_ console: Console) -> Clouds {
        let names = names(console)
        return names.contains("all") ? .all : names.isEmpty ? .standard : .named(names)
    }

    /// The scopes to read; `nil` for all. `OS_CLOUD` narrows reading only once that cloud has been synced.
    func scopes(_ manager: LeaseManager, _ console: Console) throws(LeaseholdError) -> Set<Int64>? {
        try Self.scopes(manager, clouds: clouds, environment: console.environment)
    }

    static func scopes(
        _ manager: LeaseManager, clouds: [String], environment: [String: String]
    ) throws(LeaseholdError) -> Set<Int64>? {
        guard clouds.isEmpty else { return try manager.scopeIDs(ofClouds: clouds) }
        do {
            return try manager.scopeIDs(ofClouds: names(clouds, environment))
        } catch  where error.code == .notFound {
            return nil
        }
    }

    private static func names(_ clouds: [String], _ environment: [String: String]) -> [String] {
        guard clouds.isEmpty else { return clouds }
        return environment["OS_CLOUD"].flatMap { $0.isEmpty ? nil : [$0] } ?? []
    }
}
