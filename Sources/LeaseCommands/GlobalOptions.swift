package import ArgumentParser
import LeaseModel
import Leasehold

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

    @Flag(
        name: [.customShort("v"), .customLong("verbose")],
        help:
            "Log requests and decisions to standard error; -vv logs more. Secrets are never shown."
    )
    package var verbosity: Int

    // What the command line says about the one selected cloud, under the names of OpenStack's own client. There is no
    // option for a password, because everybody who can list processes would see it. These options are not a group of
    // their own, and include only those that people use: in debug builds the parser checks each option again at each
    // level.
    @Option(name: .customLong("os-auth-url"), help: ArgumentHelp("Keystone's address.", valueName: "url"))
    var authURL: String?
    @Option(name: .customLong("os-username"), help: ArgumentHelp("The user.", valueName: "name"))
    var userName: String?
    @Option(name: .customLong("os-user-domain-name"), help: ArgumentHelp("The user's domain.", valueName: "name"))
    var userDomainName: String?
    @Option(name: .customLong("os-project-name"), help: ArgumentHelp("The project.", valueName: "name"))
    var projectName: String?
    @Option(name: .customLong("os-project-id"), help: ArgumentHelp("The project.", valueName: "id"))
    var projectID: String?
    @Option(
        name: .customLong("os-project-domain-name"), help: ArgumentHelp("The project's domain.", valueName: "name"))
    var projectDomainName: String?
    @Option(name: .customLong("os-region-name"), help: ArgumentHelp("The region.", valueName: "name"))
    var regionName: String?
    @Option(name: .customLong("os-cacert"), help: ArgumentHelp("The authorities to trust.", valueName: "file"))
    var cacert: String?

    package init() {}

    package func validate() throws {
        guard clouds.count > 1 || clouds.contains("all"), let key = cloudSettings.keys.sorted().first else { return }
        throw ValidationError("--os-\(key.replacing("_", with: "-")) is for one cloud: name one with --os-cloud.")
    }

    /// The given settings, under the names of clouds.yaml.
    var cloudSettings: [String: String] {
        let all = [
            "auth_url": authURL, "username": userName, "user_domain_name": userDomainName,
            "project_name": projectName, "project_id": projectID, "project_domain_name": projectDomainName,
            "region_name": regionName, "cacert": cacert,
        ]
        return all.compactMapValues { $0.flatMap { $0.isEmpty ? nil : $0 } }
    }

    func configuration(_ console: Console) -> LeaseManager.Configuration {
        var configuration = LeaseManager.Configuration(
            databasePath: databasePath, environment: console.environment,
            currentDirectory: console.currentDirectory, homeDirectory: console.homeDirectory, now: console.now)
        configuration.assistant = console.assistant
        configuration.cloudOptions = cloudSettings
        configuration.logger = CommandLog.logger(verbosity: verbosity, to: console.errors)
        return configuration
    }

    func manager(_ console: Console, access: DatabaseAccess = .reading) throws(LeaseholdError) -> LeaseManager {
        guard cloudSettings.isEmpty || !names(console).contains("all") else {
            throw LeaseholdError(
                code: .configuration, message: "OS_CLOUD is all, and the --os options are for one cloud: name it.")
        }
        return try LeaseManager(configuration(console), access: access)
    }

    /// The clouds named on the command line, or by `OS_CLOUD`.
    func names(_ console: Console) -> [String] { Self.names(clouds, console.environment) }

    /// The clouds to contact.
    func selection(_ console: Console) -> Clouds {
        let names = names(console)
        return names.contains("all") ? .all : names.isEmpty ? .standard : .named(names)
    }

    /// The scopes to read; `nil` for all. `OS_CLOUD` restricts reading only after that cloud has been synced.
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
