import LeaseModel
import Leasehold
import LocalFiles
import Output

/// Writes a clouds.yaml for a login, as ccauth does.
struct CloudsWriter {
    let command: Login
    let configuration: LeaseManager.Configuration

    /// An entry of the file.
    struct Entry: Equatable {
        let name: String
        let login: ChameleonLogin
    }

    func run(_ console: inout Console) async throws {
        let path = try checkedPath(console)
        var target = try command.options.target(console)
        // Without a configured cloud, only the sites in the list can be used.
        if target == .standard, (try? LeaseManager.configuredClouds(configuration).isEmpty) ?? true {
            target = .described(ChameleonLogin(authURL: "https://chi.uc.chameleoncloud.org:5000/v3", region: "CHI@UC"))
        }
        let first = try await LeaseManager.logIn(target, askingAgain: command.asksAgain, configuration)
        guard let login = first.chameleon else {
            throw CommandError(
                code: "invalid", message: "The login of \(first.cloud) is not of the kind v3chameleonoidc.",
                status: .data)
        }
        var entries: [Entry] = []
        if command.allSites {
            let sites = try await LeaseManager.chameleonSites(target, listURL: command.sitesURL, configuration)
            for site in sites {
                let there = login.at(site)
                do {
                    let report = try await LeaseManager.logIn(.described(there), askingAgain: false, configuration)
                    entries += try Self.entries(
                        there, report.summary.projects, wanted: command.options.global.projectID,
                        all: command.allProjects)
                } catch {
                    // A site that is down must not prevent the use of the others.
                    console.remark("\(site.region) is left out: \(CommandError(error).message)")
                }
            }
        } else {
            entries = try Self.entries(
                login, first.summary.projects, wanted: command.options.global.projectID ?? login.project,
                all: command.allProjects)
        }
        guard !entries.isEmpty else {
            throw CommandError(
                code: "refused", message: "There is no site and project to write an entry for.", status: .refused)
        }
        try write(Self.text(entries), to: path, &console)
        if !command.options.output.isQuiet {
            console.remark("The clouds are: \(entries.map(\.name).joined(separator: ", ")).")
        }
    }

    // MARK: The file

    private func checkedPath(_ console: Console) throws(CommandError) -> String? {
        if command.path == "-" { return nil }
        let home = console.environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let path = command.path ?? "\(home ?? "\(console.homeDirectory)/.config")/openstack/clouds.yaml"
        let absolute = path.hasPrefix("/") ? path : "\(console.currentDirectory)/\(path)"
        guard command.overwrites || FileFacts(path: absolute) == nil else {
            throw CommandError(
                code: "exists",
                message: "\(absolute) exists: name another file with --output, or replace it with --overwrite.",
                status: .cannotOpen)
        }
        return absolute
    }

    private func write(_ text: String, to path: String?, _ console: inout Console) throws {
        guard let path else {
            try console.output.write(text)
            return
        }
        do throws(FileProblem) {
            try PrivateFile.makeFolder(of: path)
            if let old = FileFacts(path: path), old.kind == .regular {
                try PrivateFile.replace(path + ".bak", with: try InputFile.bytes(of: path))
            }
            let file = try OutputFile(path: path, besides: DatabaseFiles(named: configuration.databasePath))
            do throws(FileProblem) {
                try file.write(Array(text.utf8))
            } catch {
                file.discard()
                throw error
            }
            try file.finish()
        } catch {
            throw CommandError(
                code: "output", message: "\(path) cannot be written: \(error.clause).", status: .outputFailed)
        }
        console.remark("Written: \(path).")
    }

    // MARK: The entries

    /// The entries of a site: one for each project, or for the requested one.
    static func entries(
        _ login: ChameleonLogin, _ projects: [LoginProject], wanted: String?, all: Bool
    ) throws(CommandError) -> [Entry] {
        let site = name(login.region ?? "openstack")
        func entry(_ project: LoginProject, _ name: String) -> Entry {
            var login = login
            login.project = project.id
            return Entry(name: name, login: login)
        }
        if all {
            let names = projects.map { "\(site)_\(name($0.name))" }
            return zip(projects, names).map { project, name in
                // Two projects in different domains may have the same name.
                entry(project, names.count { $0 == name } > 1 ? "\(name)_\(project.id.prefix(8))" : name)
            }
        }
        let matching = wanted.map { wanted in projects.filter { $0.id == wanted || $0.name == wanted } } ?? projects
        guard let project = matching.first, matching.count == 1 else {
            let list = projects.map { "\($0.id) (\($0.name))" }.joined(separator: ", ")
            throw CommandError(
                code: "ambiguous",
                message:
                    "Which project of \(login.region ?? login.authURL)? Give --all-projects, or --project-id with one "
                    + "of: \(list.isEmpty ? "none is offered" : list).",
                status: .data)
        }
        return [entry(project, site)]
    }

    /// The name of a cloud, made from a region or a project: `CHI@UC` becomes `chi_uc`.
    static func name(_ text: String) -> String {
        let name = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" }
        return String(name)
    }

    static func text(_ entries: [Entry]) -> String {
        var text = "clouds:\n"
        for entry in entries {
            text += "  \(entry.name):\n    auth_type: v3chameleonoidc\n    auth:\n"
            for (key, value) in entry.login.settings { text += "      \(key): \(quoted(value))\n" }
            if let region = entry.login.region { text += "    region_name: \(quoted(region))\n" }
        }
        return text
    }

    /// A text in YAML, always read as a string: JSON's quotes are also YAML's.
    private static func quoted(_ text: String) -> String { JSONValue.string(text).text() }
}
