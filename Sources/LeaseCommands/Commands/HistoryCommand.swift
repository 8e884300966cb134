package import ArgumentParser

/// `leasehold history`
package struct HistoryCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the observed history of a lease, or import observations of others.",
        usage: """
            leasehold history <lease> [<options>]
            leasehold history import <file> ... [<options>]
            """,
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold history mylease
              leasehold history mylease --states -f json
              leasehold history import colleague.sqlite
            """),
        subcommands: [LeaseHistory.self, HistoryImport.self], defaultSubcommand: LeaseHistory.self)

    package init() {}
}
