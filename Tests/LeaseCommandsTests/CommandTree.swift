import ArgumentParser

@testable import LeaseCommands
@testable import Output

/// Every command, with the words that lead to it.
enum CommandTree {
    typealias Entry = (words: [String], command: any ParsableCommand.Type)

    static let all: [Entry] = walk(LeaseholdCommand.self, [])

    private static func walk(_ command: any ParsableCommand.Type, _ words: [String]) -> [Entry] {
        let configuration = command.configuration
        let below = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
        return [(words, command)] + below.flatMap { walk($0, words + [$0.configuration.commandName ?? ""]) }
    }

    /// Parses a command line without `leasehold`.
    ///
    /// The parser examines all subcommands of the command it is called on, which is slow in a debug build. So it is
    /// called on the command that the line names.
    static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        let named = all.filter { arguments.starts(with: $0.words) }.max { $0.words.count < $1.words.count }
        guard let named else { return try LeaseholdCommand.parseAsRoot(arguments) }
        return try named.command.parseAsRoot(Array(arguments.dropFirst(named.words.count)))
    }
}
