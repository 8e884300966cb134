import ArgumentParser
import LeaseModel
import LeaseText
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("Output options and terminals")
struct OutputOptionsTests {
    @Test func readAsTheOpenStackClientReadsThem() throws {
        let options = try OutputOptions.parse(
            [
                "-f", "json", "-c", "id", "--column", "name,status", "--sort", "-start_date", "--sort-column", "name",
            ])
        #expect(options.format == .json)
        #expect(options.columnNames == ["id", "name", "status"])
        #expect(options.sort == [SortKey(column: "start_date", isDescending: true), SortKey(column: "name")])
        #expect(!options.usesUTC && !options.noColor && !options.isQuiet)
        #expect(try OutputOptions.parse([]).format == .table)
    }

    private static let wrongOnesAreRefusedCases: [[String]] = [
        ["-f", "xml"], ["--max-width", "-1"], ["--sort", ""], ["--max-width=wide"],
    ]

    @Test(arguments: wrongOnesAreRefusedCases)
    func wrongOnesAreRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try OutputOptions.parse(arguments) }
    }

    @Test func styleFollowsTerminalAndOptions() throws {
        let terminal = Terminal(isTerminal: true, width: 100, allowsColor: true)
        func style(_ arguments: [String], _ terminal: Terminal) throws -> OutputStyle {
            OutputStyle(options: try OutputOptions.parse(arguments), terminal: terminal, zone: berlin)
        }
        let plain = try style([], terminal)
        #expect(plain.width == 100 && plain.usesColor && plain.zone.name == "Europe/Berlin")
        let other = try style(["--no-color", "--utc", "--max-width", "60"], terminal)
        #expect(other.width == 60 && !other.usesColor && other.zone.name == "UTC")
        #expect(try style(["--max-width", "0"], terminal).width == nil)
        let piped = try style([], .none)
        #expect(piped.width == nil && !piped.usesColor)
    }

    @Test func terminalFacts() {
        func terminal(_ environment: [String: String], width: Int? = 80, isTerminal: Bool = true) -> Terminal {
            Terminal(isTerminal: isTerminal, reportedWidth: width, environment: environment)
        }
        #expect(terminal([:]).allowsColor)
        #expect(!terminal(["NO_COLOR": "1"]).allowsColor)
        #expect(terminal(["NO_COLOR": ""]).allowsColor)
        #expect(!terminal(["TERM": "dumb"]).allowsColor)
        #expect(terminal(["COLUMNS": "132"], width: nil).width == 132)
        #expect(terminal(["COLUMNS": "132"]).width == 80)
        #expect(terminal(["COLUMNS": "-3"], width: nil).width == nil)
        #expect(terminal(["COLUMNS": "132"], isTerminal: false) == .none)
    }

    @Test func helpNamesEveryOption() {
        let help = OutputOptions.helpMessage(columns: 100)
        for option in ["--format", "--column", "--sort", "--max-width", "--utc", "--no-color", "--quiet"] {
            #expect(help.contains(option))
        }
        for format in OutputFormat.allCases { #expect(help.contains(format.rawValue)) }
    }
}

@Suite("Arguments inside the parser")
struct ArgumentParsingTests {
    private struct Probe: ParsableArguments {
        @Option(parsing: .unconditional, transform: TimeArgument.init(parsing:))
        var start: TimeArgument
        @Option(transform: DurationArgument.init(parsing:))
        var length = DurationArgument(seconds: 60)
    }

    @Test func relativeTimesAreNotTakenForOptions() throws {
        let now = Timestamp(secondsSince1970: 1_800_000_000)
        let probe = try Probe.parse(["--start", "-3h", "--length", "2h"])
        #expect(try probe.start.moment(now: now, zone: .utc) == now.adding(seconds: -10_800))
        #expect(probe.length.seconds == 7_200)
    }

    @Test func mistakesAreExplained() {
        let time = #expect(throws: (any Error).self) { try Probe.parse(["--start", "soon"]) }
        #expect(time.map { Probe.fullMessage(for: $0) }?.contains("tomorrow 9am") == true)
        #expect(time.map { Probe.exitCode(for: $0).rawValue } == ExitStatus.usage.rawValue)
        let length = #expect(throws: (any Error).self) { try Probe.parse(["--start", "now", "--length", "2"]) }
        #expect(length.map { Probe.fullMessage(for: $0) }?.contains("no unit") == true)
    }
}
