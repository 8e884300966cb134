package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold login`
package struct Login: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Log in to a cloud in a browser, and save the login.",
        usage: "leasehold login [<cloud>] [<options>]",
        discussion: .paragraphs(
            """
            Shows an address and a code to enter in a browser, here or on any other device, and waits. The login is
            saved in ccauth's file (~/.cache/ccauth/refresh_token.json, or CC_LOGIN_STATE), so ccauth can use it too. If
            there is a saved login, the command uses it; --again logs in anew.

            When a login has ended, other commands on a terminal ask in the same way. In a watch, a pipe or a timer they
            never ask: they end with status 77, or wait until somebody has logged in.

            A site of Chameleon that no clouds.yaml has yet is named by --os-auth-url, --os-region-name and
            --os-project-id; --auth-url, --region-name and --project-id, as ccauth has them, are understood too.

            EXAMPLES
              leasehold login chi_uc
              leasehold login --list-projects -f json
              leasehold login --write-clouds-yaml --all-sites --all-projects
            """))

    @Flag(name: .customLong("again"), help: "Log in even if there is a saved login.")
    var asksAgain = false
    @Flag(name: .customLong("no-browser"), help: "Do not open a browser.")
    var opensNoBrowser = false
    @Flag(name: .customLong("list-projects"), help: "List the projects that the login can use.")
    var listsProjects = false
    @Flag(name: .customLong("write-clouds-yaml"), help: "Write a clouds.yaml for this login.")
    var writesClouds = false
    @Flag(name: .customLong("all-sites"), help: "Write an entry for each site of Chameleon.")
    var allSites = false
    @Flag(name: .customLong("all-projects"), help: "Write an entry for each project.")
    var allProjects = false
    @Option(
        name: .customLong("output"),
        help: ArgumentHelp(
            "Where to write it; - is standard output. Default: openstack/clouds.yaml in XDG_CONFIG_HOME or ~/.config.",
            valueName: "file"))
    var path: String?
    @Flag(name: .customLong("overwrite"), help: "Replace an existing file; the old one is kept as FILE.bak.")
    var overwrites = false
    @Option(
        name: .customLong("sites-url"),
        help: ArgumentHelp("The list of sites. Default: \(ChameleonSite.listURL).", valueName: "url"))
    var sitesURL = ChameleonSite.listURL
    @OptionGroup var options: LoginOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        guard writesClouds || !(allSites || allProjects || overwrites || path != nil) else {
            throw CommandError.usage("--all-sites, --all-projects, --output and --overwrite need --write-clouds-yaml.")
        }
        // The user of this command wants to be asked, with or without a terminal.
        console.assistant = TerminalAssistant(console, opensBrowser: !opensNoBrowser && console.assistant != nil)
        let configuration = options.global.configuration(console)
        if writesClouds {
            try await CloudsWriter(command: self, configuration: configuration).run(&console)
            return
        }
        let report = try await LeaseManager.logIn(
            options.target(console), askingAgain: asksAgain, configuration)
        if listsProjects {
            try list(report, &console)
        } else {
            say(report, &console)
            try console.output.write("Logged in to \(report.cloud) as \(report.summary.userName).\n".escapingLines)
        }
    }

    /// Says where the login is stored, and what is wrong with the project.
    func say(_ report: LeaseManager.LoginReport, _ console: inout Console) {
        if let cachePath = report.summary.cachePath, !options.output.isQuiet {
            console.remark("The login is kept in \(cachePath).")
        }
        let summary = report.summary
        let list = summary.projects.map { "\($0.name) (\($0.id))" }.joined(separator: ", ")
        if summary.projects.isEmpty {
            console.remark("Keystone offers no project: ask your project's owner to add you.")
        } else if let project = summary.configuredProject, !summary.isMember {
            console.remark("You are not a member of the configured project \(project). Yours are: \(list).")
        } else if summary.configuredProject == nil {
            console.remark("The configuration names no project. Yours are: \(list).")
        }
    }

    private func list(_ report: LeaseManager.LoginReport, _ console: inout Console) throws {
        let selection = try ColumnSelection(
            from: Self.columns, names: options.output.columnNames, sort: options.output.sort,
            format: options.output.format)
        let style = OutputStyle(options: options.output, terminal: console.outputTerminal, zone: console.zone)
        var list = ListOutput(selection: selection, style: style)
        var sink = console.output
        defer { console.output = sink }
        for project in report.summary.projects { try list.write(project, to: &sink) }
        try list.finish(to: &sink)
    }

    private static let columns: [Column<LoginProject>] = [
        Column("id", isShrinkable: false) { .text($0.id) },
        Column("name") { .text($0.name) },
        Column("domain_id") { .text($0.domainID ?? "") },
    ]
}

/// `leasehold logout`
package struct Logout: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "End the saved login, here and at the identity provider.",
        usage: "leasehold logout [<cloud>] [<options>]",
        discussion: .paragraphs(
            """
            This also ends the login of ccauth, which is the same one, at all sites.

            EXAMPLES
              leasehold logout chi_uc
            """))

    @OptionGroup var options: LoginOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let (cloud, wasLoggedIn) = try await LeaseManager.logOut(
            options.target(console), options.global.configuration(console))
        try console.output.write(
            (wasLoggedIn ? "Logged out of \(cloud).\n" : "Nobody was logged in to \(cloud).\n").escapingLines)
    }
}

extension String {
    /// Makes each line safe for a terminal.
    var escapingLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).escapedForTerminal }
            .joined(separator: "\n")
    }
}

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
    @OptionGroup package var global: GlobalOptions
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
