package import ArgumentParser
import Foundation
import LeaseModel
import Leasehold
import Output

/// `leasehold db`
package struct DatabaseCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "db",
        abstract: "Check, copy and query the local database.",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold db check
              leasehold db sql 'SELECT name, end_date FROM v_lease'
            """),
        subcommands: [DatabasePath.self, DatabaseCheck.self, DatabaseBackup.self, DatabaseQuery.self])

    package init() {}
}

/// `leasehold db path`
package struct DatabasePath: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "path",
        abstract: "Print the path of the database, even if it does not exist yet.",
        usage: "leasehold db path [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold db path
              sqlite3 "$(leasehold db path)" 'SELECT count(*) FROM v_lease'
            """))

    @OptionGroup var global: GlobalOptions

    package init() {}

    package func execute(_ console: inout Console) async throws {
        try console.output.write(global.configuration(console).databasePath + "\n")
    }
}

/// `leasehold db check`
package struct DatabaseCheck: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the database for damage.",
        usage: "leasehold db check [<options>]",
        discussion: .paragraphs(
            """
            Exit status 73 if something is wrong.

            EXAMPLES
              leasehold db check
            """))

    @OptionGroup var global: GlobalOptions

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let manager = try global.manager(console)
        let problems = try manager.checkDatabase()
        guard problems.isEmpty else {
            for problem in problems { try console.output.write(problem.escapedForTerminal + "\n") }
            throw CommandError(
                code: "database",
                message: "The database \(manager.configuration.databasePath) is damaged. "
                    + "Restore a copy made by `leasehold db backup`.",
                status: .cannotOpen)
        }
        let size = ProgressBar.bytes(Double(manager.databaseSizeInBytes))
        try console.output.write("ok: schema \(manager.databaseSchemaVersion), \(size)\n")
    }
}

/// `leasehold db backup`
package struct DatabaseBackup: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write a consistent copy of the database to a new file, even while it is in use.",
        usage: "leasehold db backup <destination> [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold db backup ~/leases-2026-11-22.sqlite
            """))

    @Argument(help: "The new file.", completion: .file())
    var destination: String
    @OptionGroup var global: GlobalOptions

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let path =
            destination.hasPrefix("/") ? destination : "\(console.currentDirectory)/\(destination)"
        try global.manager(console).backUpDatabase(to: path)
        console.remark("Copied to \(destination).")
    }
}

/// `leasehold db sql`
package struct DatabaseQuery: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "sql",
        abstract: "Run a read-only SQL statement, on the documented views or any table.",
        usage: "leasehold db sql <statement> [<options>]",
        discussion: .paragraphs(
            """
            The views of docs/store.md keep their shape from release to release: v_lease, v_reservation and others.
            '-' reads the statement from standard input.

            EXAMPLES
              leasehold db sql 'SELECT user_name, count(*) FROM v_lease GROUP BY 1' -f csv
            """))

    @Argument(help: "The statement.")
    var statement: String
    @OptionGroup package var global: GlobalOptions
    @OptionGroup var output: OutputOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let manager = try global.manager(console)
        let sql = statement == "-" ? Self.standardInput() : statement
        let style = OutputStyle(options: output, terminal: console.outputTerminal, zone: console.zone)
        var sink = console.output
        defer { console.output = sink }
        var list: ListOutput<[JSONValue]>?
        try manager.query(sql) { names in
            let columns = Self.distinct(names).enumerated().map { index, name in
                Column<[JSONValue]>(name) { .json($0[index]) }
            }
            let selection = try ColumnSelection(
                from: columns, names: output.columnNames, sort: output.sort, format: output.format)
            list = ListOutput(selection: selection, style: style)
        } each: { row in
            try list?.write(row, to: &sink)
        }
        try list?.finish(to: &sink)
    }

    /// Column names as keys. A repeated name gets a number.
    private static func distinct(_ names: [String]) -> [String] {
        var seen: [String: Int] = [:]
        return names.map { name in
            seen[name, default: 0] += 1
            return seen[name] == 1 ? name : "\(name)_\(seen[name] ?? 0)"
        }
    }

    private static func standardInput() -> String {
        String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
    }
}
