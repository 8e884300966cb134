package import ArgumentParser
import LeaseModel
import LeasePublish
import LeaseText
import Leasehold
import Output

/// `leasehold publish`
package struct PublishCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish the database for a team: to PostgreSQL, or as snapshots.",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold publish postgres leases
              leasehold publish snapshot public
            """),
        subcommands: [PublishPostgres.self, PublishSnapshot.self])

    package init() {}
}

/// `leasehold publish postgres`
package struct PublishPostgres: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "postgres",
        abstract: "Keep a PostgreSQL schema up to date with the database.",
        usage: "leasehold publish postgres <service> [<options>]",
        discussion: .paragraphs(
            """
            The views of docs/store.md have the names and columns that they have in the local database. The queue is not
            published.

            Only what has changed is written, in one transaction. It may be interrupted at any time, and nothing is
            written if nothing has changed. Collectors of different sites can publish to one schema.

            The connection is made by PostgreSQL's program psql: name a service of ~/.pg_service.conf, or a URI without a
            password. Passwords belong in ~/.pgpass.

            EXAMPLES
              leasehold publish postgres leases
              leasehold publish postgres postgresql://db.example.org/lab --schema testbeds --every 60s
              leasehold publish postgres leases --take-over
            """))

    @Argument(help: ArgumentHelp("The service, or a URI such as postgresql://host/database.", valueName: "service"))
    var service: String
    @Option(name: .customLong("schema"), help: ArgumentHelp("The schema, made if needed.", valueName: "name"))
    var schema = "leasehold"
    @Option(
        name: .customLong("every"),
        help: ArgumentHelp("Repeat after this time, 1 s or more, until interrupted.", valueName: "duration"))
    var interval: String?
    @Flag(name: .customLong("take-over"), help: "Replace sites that another collector published.")
    var takesOver = false
    @OptionGroup package var global: GlobalOptions
    @OptionGroup var output: OutputOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let seconds = try interval.map { try DurationArgument(parsing: $0).seconds }
        if let seconds, seconds < 1 { throw CommandError.usage("--every takes 1 s or more.") }
        let configuration = global.configuration(console)
        let target = try PublishTarget.named(service, schema: schema)
        let publisher = PostgreSQLPublisher(
            databasePath: configuration.databasePath, target: target, environment: console.environment,
            takesOver: takesOver, now: console.now)
        guard let seconds else {
            let report = try await PublishTarget.publish(publisher)
            let selection = try ColumnSelection(
                from: PublishReport.columns, names: output.columnNames, sort: output.sort, format: output.format)
            let style = OutputStyle(options: output, terminal: console.outputTerminal, zone: console.zone)
            try ListOutput.write([report], selection: selection, style: style, to: &console.output)
            remark(report, &console)
            return
        }
        var lastProblem: String?
        while true {
            do {
                let report = try await PublishTarget.publish(publisher)
                if lastProblem != nil { console.remark("\(target.name) can be reached again.") }
                lastProblem = nil
                if report.mode != .nothing { remark(report, &console) }
            } catch {
                // A server may be away for a while, which is said once.
                guard error.status == .unavailable else { throw error }
                if lastProblem != error.message { console.remark("leasehold: \(error.message)") }
                lastProblem = error.message
            }
            try console.output.flush()
            try await Task.sleep(for: .seconds(seconds))
        }
    }

    private func remark(_ report: PublishReport, _ console: inout Console) {
        guard output.format.isForPeople, !output.isQuiet else { return }
        console.remark(report.sentence(to: service))
        if let remark = report.remark { console.remark(remark) }
    }
}

/// Publishing, with errors as commands report them.
enum PublishTarget {
    static func named(_ service: String, schema: String) throws(CommandError) -> PostgreSQLTarget {
        do {
            return try PostgreSQLTarget(service, schema: schema)
        } catch {
            throw CommandError(error)
        }
    }

    static func publish(_ publisher: PostgreSQLPublisher) async throws(CommandError) -> PublishReport {
        do {
            return try await publisher.publish()
        } catch {
            throw CommandError(error)
        }
    }
}

extension CommandError {
    init(_ error: PublishError) {
        let status: ExitStatus =
            switch error.kind {
            case .invalid: .usage
            case .unreachable: .unavailable
            case .refused: .refused
            case .data: .data
            case .configuration: .configuration
            case .database: .cannotOpen
            }
        self.init(code: error.kind.rawValue, message: error.message, status: status)
    }
}

extension PublishReport {
    /// What was done, for people.
    func sentence(to name: String) -> String {
        switch mode {
        case .nothing: return "\(name): nothing has changed."
        case .changes, .everything:
            let leases = leases == 1 ? "1 lease" : "\(leases) leases"
            let time = (seconds * 10).rounded() / 10
            return "\(name): published \(leases), \(allRows) rows in all (\(time) s)."
        }
    }

    static var columns: [Column<PublishReport>] {
        [
            Column("mode") { .text($0.mode.rawValue) },
            Column("leases") { .number($0.leases) },
            Column("rows") { .number($0.allRows) },
            Column("seconds", visibility: .structured) { .json(JSONNumber($0.seconds).map(JSONValue.number) ?? .null) },
            Column("collector", visibility: .structured) { .number(Int($0.collector)) },
            Column("remark", visibility: .structured) { .text($0.remark) },
        ]
    }
}
