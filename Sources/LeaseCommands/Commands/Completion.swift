package import ArgumentParser
import Foundation
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold completion`
package struct Completion: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a script that lets a shell complete command lines.",
        usage: "leasehold completion (bash | zsh | fish)",
        discussion: .paragraphs(
            """
            Commands, options, clouds and columns are completed. So are the names of leases, users, projects and node
            types, and the numbers of writes, from the local database. Completion does not use the network.

            EXAMPLES
              leasehold completion bash \\
                > ~/.local/share/bash-completion/completions/leasehold
              leasehold completion zsh > ~/.zfunc/_leasehold
              leasehold completion fish > ~/.config/fish/completions/leasehold.fish
            """))

    /// The shells for which there are scripts.
    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "The shell.")
    var shell: Shell

    package init() {}

    package func execute(_ console: inout Console) async throws {
        try console.output.write(Self.script(for: shell))
    }

    /// The parser's script, changed to pass the word that is being completed to our own commands.
    static func script(for shell: Shell) -> String {
        let (kind, word, command): (CompletionShell, String, String) =
            switch shell {
            case .bash: (.bash, #""${COMP_WORDS[COMP_CWORD]}""#, #""${COMP_WORDS[1]}""#)
            case .zsh: (.zsh, #""${words[CURRENT]}""#, #""${words[2]}""#)
            case .fish: (.fish, "(commandline -ct)", "(commandline -opc)[2]")
            }
        return LeaseholdCommand.completionScript(for: kind)
            .replacing(CompletionValues.word, with: word).replacing(CompletionValues.command, with: command) + "\n"
    }
}

extension CompletionKind {
    /// Completes from values in the local database.
    static func values(_ kind: CompletionValues.Kind) -> CompletionKind {
        let command = kind == .columns ? " \(CompletionValues.command)" : ""
        return .shellCommand("leasehold __complete \(kind.rawValue) \(CompletionValues.word)\(command) 2>/dev/null")
    }
}

/// The values that a shell offers while somebody types. There is a limit to their number, and they must come at once.
package struct CompletionValues {
    /// The kinds of values that can be completed.
    enum Kind: String, CaseIterable {
        case leases, writes, users, projects, nodeTypes = "node-types", clouds, columns
    }

    /// The placeholder in the parser's script for the word that is being completed, and for the command.
    static let word = "LEASEHOLD_WORD"
    static let command = "LEASEHOLD_COMMAND"
    /// The maximum number of values.
    static let limit = 200

    private let kind: Kind
    private let prefix: String
    private let commandName: String

    /// Parses `__complete KIND WORD [COMMAND]`.
    init?(_ arguments: [String]) {
        guard arguments.first == "__complete", arguments.count >= 2, let kind = Kind(rawValue: arguments[1]) else {
            return nil
        }
        self.kind = kind
        // A shell passes a word as it was typed, including an opening quote.
        prefix = arguments.count > 2 ? String(arguments[2].drop { $0 == "'" || $0 == "\"" }) : ""
        commandName = arguments.count > 3 ? arguments[3] : ""
    }

    /// The values. There are none if nothing is known, for whatever reason.
    func values(_ configuration: LeaseManager.Configuration, now: Timestamp) -> [String] {
        switch kind {
        case .columns: return Self.columns(of: commandName).filter { $0.hasPrefix(prefix) }
        case .clouds:
            let clouds = (try? LeaseManager.configuredClouds(configuration)) ?? []
            return (clouds + ["all"]).filter { $0.hasPrefix(prefix) }
        default: break
        }
        guard let manager = try? LeaseManager(configuration, access: .reading) else { return [] }
        if kind == .writes {
            return ((try? manager.queue()) ?? []).map { "\($0.id)" }.filter { $0.hasPrefix(prefix) }
        }
        var found: [String] = []
        for statement in statements(now: now) where found.count < Self.limit {
            try? manager.query(statement) { _ in
            } each: { row in
                if let text = row.first?.stringValue, !text.isEmpty, !found.contains(text) { found.append(text) }
            }
        }
        return found
    }

    private func statements(now: Timestamp) -> [String] {
        let glob = "GLOB '\(GlobText.literal(prefix).replacing("'", with: "''"))*'"
        switch kind {
        case .leases:
            // Without a word, people look for live leases. With one, an index finds names and ids by their beginning.
            let names = "SELECT name FROM v_lease WHERE deleted IS NULL AND"
            return prefix.isEmpty
                ? ["\(names) end_at > \(now.secondsSince1970) LIMIT \(Self.limit)"]
                : [
                    "\(names) name \(glob) LIMIT \(Self.limit)",
                    "SELECT id FROM v_lease WHERE deleted IS NULL AND id \(glob) LIMIT \(Self.limit)",
                ]
        case .users, .projects:
            // The table of names: to look through all leases takes too long.
            let person = kind == .users ? "user" : "project"
            return ["SELECT DISTINCT name FROM person WHERE kind = '\(person)' AND name \(glob) LIMIT \(Self.limit)"]
        case .nodeTypes:
            return [
                """
                SELECT DISTINCT fields ->> '$.node_type' FROM v_resource
                WHERE kind = 'host' AND fields ->> '$.node_type' \(glob) LIMIT \(Self.limit)
                """
            ]
        case .writes, .clouds, .columns: return []
        }
    }

    private static func columns(of command: String) -> [String] {
        switch command {
        case "list", "show", "wait": LeaseRow.columns.map(\.key)
        case "reservations": ReservationRow.columns.map(\.key)
        case "history", "changes": ChangeRow.columns.map(\.key)
        case "queue": QueueRow.columns.map(\.key)
        case "create", "extend", "update", "delete": WriteRow.columns.map(\.key)
        case "hosts": ReservableRow.columns(of: .host).map(\.key)
        case "devices": ReservableRow.columns(of: .device).map(\.key)
        case "flavors": FlavorRow.columns.map(\.key)
        case "floating-ips": FloatingIPRow.columns.map(\.key)
        case "status": SiteRow.overview.map(\.key)
        case "sites": SiteRow.details([]).map(\.key)
        default: []
        }
    }

    /// If a shell asks for values, answers the process's command line before anything else is set up.
    ///
    /// - Returns: whether it was answered.
    package static func answerAtOnce() -> Bool {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.first == "__complete" else { return false }
        guard let request = CompletionValues(arguments) else { return true }
        let environment = ProcessInfo.processInfo.environment
        let configuration = LeaseManager.Configuration(
            environment: environment,
            currentDirectory: request.kind == .clouds ? FileManager.default.currentDirectoryPath : "/",
            homeDirectory: environment["HOME"] ?? "/")
        var output = FileSink.standardOutput
        for value in request.values(configuration, now: LeaseManager.systemClock()) {
            try? output.write(value.escapedForTerminal + "\n")
        }
        try? output.flush()
        return true
    }
}
