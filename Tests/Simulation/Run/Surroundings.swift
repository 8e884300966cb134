import Foundation
import LeaseModel
import OpenStackClient
import Synchronization

/// What a client's programs find on its computer: the variables of an openrc file, or a clouds.yaml, read by the same
/// code as a person's.
struct Surroundings: Sendable, Hashable {
    /// Its home folder, which is also the current folder.
    let folder: String
    /// Whether its clouds come from `OS_*` variables, so that another cloud is another openrc file.
    let isEnvironmentOnly: Bool
    let hasRegions: Bool
    /// Where the entries lead.
    let entries: [Place]
    /// The entry in use.
    let entry: Int

    static let entryNames = ["cloud", "other"]

    /// The name of the cloud in use; variables have no name of their own.
    var cloud: String { isEnvironmentOnly ? "envvars" : Self.entryNames[entry] }

    var environment: [String: String] {
        guard isEnvironmentOnly else { return ["OS_CLOUD": cloud] }
        let place = entries[entry]
        var variables = [
            "OS_AUTH_URL": World.origin + "/identity", "OS_USERNAME": place.account,
            "OS_PASSWORD": Self.password, "OS_USER_DOMAIN_ID": "default", "OS_PROJECT_NAME": place.project,
            "OS_PROJECT_DOMAIN_ID": "default",
        ]
        if hasRegions { variables["OS_REGION_NAME"] = place.region.name }
        return variables
    }

    private static let password = "sandbox-password"

    /// Writes the clouds.yaml, if there is one.
    ///
    /// - Throws: an error of the file system.
    func write() throws {
        guard !isEnvironmentOnly else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var lines = ["clouds:"]
        for (name, place) in zip(Self.entryNames, entries) {
            lines += [
                "  \(name):", "    auth:", "      auth_url: \(World.origin)/identity",
                "      username: \(place.account)",
                "      password: \(Self.password)", "      user_domain_id: default",
                "      project_name: \(place.project)", "      project_domain_id: default",
            ]
            if hasRegions { lines.append("    region_name: \(place.region.name)") }
        }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: folder + "/clouds.yaml"))
    }

    /// The cloud in use, as a program finds it. What was found once is not looked up again.
    ///
    /// - Throws: the error in the configuration.
    func configuration() throws -> CloudConfiguration {
        if let known = Self.known.withLock({ $0[self] }) { return known }
        try write()
        let found = try CloudConfigurationLoader(
            environment: environment, homeDirectory: folder, currentDirectory: folder, siteDirectories: []
        ).loadDefault()
        Self.known.withLock { $0[self] = found }
        return found
    }

    private static let known = Mutex<[Surroundings: CloudConfiguration]>([:])
}
