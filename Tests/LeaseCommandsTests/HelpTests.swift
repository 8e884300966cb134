import ArgumentParser
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("The help of the command")
struct HelpTests {
    @Test("lists every command it should")
    func commands() {
        let names = Set(CommandTree.all.map { $0.words.joined(separator: " ") })
        for name in [
            "sync", "status", "top", "completion", "list", "show", "id", "reservations", "history", "changes", "hosts",
            "devices", "flavors",
            "floating-ips", "find-slot", "free", "reservation-id", "sites", "db path", "db check", "db backup",
            "db sql",
            "doctor",
            "report hours", "report su", "report early", "report utilization", "report lead-time", "report latency",
            "report states", "report extensions", "report failures", "report expiring", "report stacking",
            "report coverage", "export ical",
        ] {
            #expect(names.contains(name), "\(name)")
        }
    }

    @Test("is one tree, below leasehold")
    func root() throws {
        #expect(try LeaseholdCommand.parseAsRoot(["db", "path", "--db", "x"]) is DatabasePath)
        #expect(throws: (any Error).self) { try LeaseholdCommand.parseAsRoot(["lists"]) }
    }

    /// Tests/Integration/examples.py runs the examples.
    @Test("has an abstract and examples, in each command")
    func examples() {
        for (words, command) in CommandTree.all {
            let name = (["leasehold"] + words).joined(separator: " ")
            #expect(!command.configuration.abstract.isEmpty, "\(name)")
            #expect(command.configuration.discussion.contains("EXAMPLES\n  leasehold "), "\(name) has no examples")
        }
    }

    @Test("fits into eighty columns, and text written for a hundred does not exceed them", arguments: [80, 100])
    func width(columns: Int) {
        for (words, command) in CommandTree.all {
            let help = LeaseholdCommand.helpMessage(for: command, columns: columns)
            for line in help.split(separator: "\n") {
                // An example's argument cannot be broken.
                let most = line.contains("resource_properties=") ? 100 : columns
                #expect(line.count <= most, "leasehold \(words.joined(separator: " ")): \(line)")
            }
        }
    }

    @Test("completes in every shell, including options", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let script = LeaseholdCommand.completionScript(for: try #require(CompletionShell(rawValue: shell)))
        for word in ["reservations", "active-at", "backup", "confirm-deletes"] {
            #expect(script.contains(word), "\(word)")
        }
    }

    @Test("gives no two options of a command the same name")
    func options() {
        for (words, command) in CommandTree.all {
            let help = LeaseholdCommand.helpMessage(for: command, columns: 300)
            let names = help.split(separator: "\n").filter { $0.hasPrefix("  -") }.flatMap { line in
                line.split(separator: " ").prefix { $0.hasPrefix("-") || $0.hasPrefix("<") }.filter {
                    $0.hasPrefix("-")
                }
                .map { String($0).replacing(",", with: "") }
            }
            #expect(Set(names).count == names.count, "leasehold \(words.joined(separator: " ")): \(names)")
        }
    }
}
