import ArgumentParser
import Foundation
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("The commands in the table of chi.lease's functions")
struct ChiTableCommandTests {
    /// The third column of the article's table.
    private static let commands: [String] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let article = root.appendingPathComponent("Sources/Leasehold/Leasehold.docc/ChiLease.md")
        let text = (try? String(contentsOf: article, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap { line in
            line.split(separator: "`").last { $0.hasPrefix("leasehold ") }.map(String.init)
        }
    }()

    @Test("Each is a command with existing options", arguments: Set(commands).sorted())
    func command(_ line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        let entry = try #require(CommandTree.all.first { $0.words == [words[1]] }, "no command \(words[1])")
        let help = entry.command.helpMessage(columns: 100)
        for option in words.dropFirst(2) where option.hasPrefix("-") {
            let whole = try Regex("(^|[ ,/])\(option)($|[ ,/])")
            #expect(help.firstMatch(of: whole) != nil, "\(option) is not in:\n\(help)")
        }
    }

    @Test("Every row names one") func all() { #expect(Self.commands.count == 44) }
}
