import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// The options for the cloud to log in to.
package struct LoginOptions: ParsableArguments {
    @Argument(help: "The cloud, by its name in clouds.yaml. Default: OS_CLOUD, or the only one.")
    var cloud: String?

    @Option(name: .customLong("discovery-endpoint"), help: ArgumentHelp("The identity provider.", valueName: "url"))
    var discoveryEndpoint: String?
    @Option(name: .customLong("client-id"), help: ArgumentHelp("The client id for this program.", valueName: "id"))
    var clientID: String?
    @Option(name: .customLong("identity-provider"), help: ArgumentHelp("Its name in Keystone.", valueName: "name"))
    var identityProvider: String?
    @Option(name: .customLong("protocol"), help: ArgumentHelp("Its protocol in Keystone.", valueName: "name"))
    var protocolName: String?
    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions

    package init() {}

    func target(_ console: Console) throws(CommandError) -> LoginTarget {
        let settings = global.cloudSettings
        guard let authURL = settings["auth_url"], cloud == nil, global.clouds.isEmpty else {
            let names = global.clouds + (cloud.map { [$0] } ?? [])
            guard names.count <= 1 else { throw .usage("Log in to one cloud at a time.") }
            return names.first.map(LoginTarget.named) ?? .standard
        }
        return .described(
            ChameleonLogin(
                authURL: authURL, region: settings["region_name"], project: settings["project_id"],
                discoveryEndpoint: discoveryEndpoint,
                clientID: clientID, identityProvider: identityProvider, protocolName: protocolName))
    }
}
