import ArgumentParser
import LeaseModel
import Output

/// The words of a command line, in the order that the parser needs.
package struct CommandLineWords {
    /// The words for the parser.
    package let words: [String]
    /// The commands that the words name, below `leasehold`.
    let path: [String]
    /// The unknown word in the place of a command, if there is one.
    let unknownCommand: UnknownCommand?

    /// A word that is not a command, and the commands that exist.
    struct UnknownCommand {
        let word: String
        let known: [String]
        /// Whether the word can be nothing else, such as a lease.
        let isCertain: Bool

        var suggestion: String { Suggestion.nearest(to: word, in: known).map { " Did you mean '\($0)'?" } ?? "" }
    }

    /// Reorders the words after the program's name.
    ///
    /// As with the openstack command, options may precede the command: they are moved behind it. A report that is
    /// written to a file gets the format that the file's extension names.
    package init(_ arguments: [String]) {
        let (leading, rest) = Self.leadingOptions(arguments)
        (path, unknownCommand) = Self.walk(rest)
        var words = rest
        if path.isEmpty {
            words = leading + words
        } else if !leading.isEmpty {
            words.insert(contentsOf: leading, at: words.firstIndex(of: "--") ?? words.count)
        }
        if path.first == "login" || path.first == "logout" { words = words.map(Self.withoutCcauthName) }
        self.words = Self.addingFormat(to: words)
    }

    /// An option as every command has it, if it is one that ccauth has under a shorter name.
    private static func withoutCcauthName(_ word: String) -> String {
        let names = ["--auth-url", "--region-name", "--project-id"]
        let name = names.first { word == $0 || word.hasPrefix($0 + "=") }
        return name == nil ? word : "--os-" + word.dropFirst(2)
    }

    /// Follows the words that name commands.
    private static func walk(_ words: [String]) -> ([String], UnknownCommand?) {
        var path: [String] = []
        var command: any ParsableCommand.Type = LeaseholdCommand.self
        for word in words {
            let below = subcommands(of: command)
            guard !below.isEmpty, !word.hasPrefix("-") else { break }
            guard let next = below.first(where: { $0.configuration.commandName == word }) else {
                guard word != "help" else { break }
                let isCertain = command.configuration.defaultSubcommand == nil
                return (
                    path,
                    UnknownCommand(
                        word: word, known: below.compactMap { $0.configuration.commandName }, isCertain: isCertain)
                )
            }
            path.append(word)
            command = next
        }
        return (path, nil)
    }

    /// Whether errors are written as JSON.
    var wantsJSON: Bool {
        for (index, word) in words.enumerated() {
            if ["--format=json", "-fjson", "-f=json"].contains(word) { return true }
            if ["-f", "--format"].contains(word), index + 1 < words.count { return words[index + 1] == "json" }
        }
        return false
    }

    /// Whether the value of a leading option is in the next word.
    private static func takesValue(_ option: String) -> Bool {
        let names = ["--db", "-f", "--format", "-c", "--column", "--sort", "--sort-column", "--max-width"]
        // All of OpenStack's own options take a value.
        return names.contains(option) || (option.hasPrefix("--os-") && !option.contains("="))
    }

    /// Splits off the options before the command, with their values.
    private static func leadingOptions(_ arguments: [String]) -> (leading: [String], rest: [String]) {
        var rest = arguments[...]
        var leading: [String] = []
        while let word = rest.first, word.hasPrefix("-"), word != "--", word.count > 1 {
            leading.append(rest.removeFirst())
            if takesValue(word), let value = rest.popFirst() { leading.append(value) }
        }
        return (leading, Array(rest))
    }

    private static func subcommands(of command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        let configuration = command.configuration
        return configuration.subcommands + configuration.groupedSubcommands.flatMap { $0.subcommands }
    }

    /// `-o hours.csv` means CSV, unless a format is given.
    private static func addingFormat(to words: [String]) -> [String] {
        guard words.first == "report" else { return words }
        let hasFormat = words.contains {
            $0 == "-f" || $0.hasPrefix("--format") || ($0.hasPrefix("-f") && $0.count > 2)
        }
        guard !hasFormat, let option = words.firstIndex(where: { $0 == "-o" || $0 == "--output" }),
            option + 1 < words.count, let dot = words[option + 1].lastIndex(of: ".")
        else { return words }
        let file = words[option + 1]
        let ending = file[file.index(after: dot)...].lowercased()
        let formats = ["csv": "csv", "json": "json", "ndjson": "ndjson", "yaml": "yaml", "yml": "yaml", "html": "html"]
        guard let format = formats[ending] else { return words }
        return words + ["-f", format]
    }
}

extension LeaseholdCommand {
    /// Runs the process's own command line.
    package static func runProcess() async {
        let line = CommandLineWords(Array(CommandLine.arguments.dropFirst()))
        if let unknown = line.unknownCommand, unknown.isCertain {
            let command = (["leasehold"] + line.path).joined(separator: " ")
            stop(
                "There is no command '\(unknown.word)'\(line.path.isEmpty ? "" : " of '\(command)'")."
                    + unknown.suggestion + " `\(command) --help` lists them.", line)
        }
        do {
            var command = try parseAsRoot(line.words)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            // Help and the version are not errors; everything else is a wrong command line.
            guard exitCode(for: error) != .success, !(error is ExitCode) else { exit(withError: error) }
            var message = Self.tidied(message(for: error))
            guard !message.isEmpty else { exit(withError: error) }
            if message.hasPrefix("Unexpected argument"), let unknown = line.unknownCommand {
                message += unknown.suggestion
            }
            let command = (["leasehold"] + line.path).joined(separator: " ")
            let end = [".", "?"].contains { message.hasSuffix($0) } ? "" : "."
            stop("\(message)\(end) See `\(command) --help`.", line)
        }
    }

    /// The parser's message on one line, with a suggestion.
    static func tidied(_ message: String) -> String {
        var lines = message.split(separator: "\n").map { String($0) }
        let values = lines.filter { $0.hasPrefix("  - ") }.map { String($0.dropFirst(4)) }
        lines.removeAll { $0.hasPrefix("  - ") }
        var text = lines.joined(separator: " ").replacing("?.", with: "?")
        guard !values.isEmpty, let given = text.split(separator: "'").dropFirst().first else { return text.trimmed }
        text = text.replacing(" Please provide one of the following:", with: "")
        let suggestion = Suggestion.nearest(to: String(given), in: values).map { " Did you mean '\($0)'?" } ?? ""
        return "\(text.trimmed)\(suggestion) It takes \(values.joined(separator: ", "))"
    }

    /// Reports a wrong command line in the form of all other errors, and exits.
    private static func stop(_ message: String, _ line: CommandLineWords) -> Never {
        var console = Console.process
        CommandError.usage(message).report(asJSON: line.wantsJSON, &console)
        exit(withError: ExitCode(ExitStatus.usage.rawValue))
    }
}

extension String {
    fileprivate var trimmed: String {
        let start = drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }
}
