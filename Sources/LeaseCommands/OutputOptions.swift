package import ArgumentParser
package import LeaseModel
package import Output

/// The options of every command with a result. They have the names of OpenStack's client, so that its users need not
/// learn new ones.
package struct OutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("format")],
        help: ArgumentHelp("How results are written.", valueName: "format"))
    package var format: OutputFormat = .table

    @Option(
        name: [.customShort("c"), .customLong("column")], parsing: .singleValue,
        help: ArgumentHelp(
            "Show this column; repeat it for more, in this order.",
            discussion: "Commas separate several. The error for an unknown column lists the known ones.",
            valueName: "column"), completion: .values(.columns))
    package var column: [String] = []

    // The value is taken unconditionally, so that `--sort -start_date` is not read as another option.
    @Option(
        name: [.customLong("sort"), .customLong("sort-column")], parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Sort by this column; '-COLUMN' or 'COLUMN:desc' puts the largest first. Repeat it to break ties.",
            valueName: "column"))
    package var sort: [SortKey] = []

    @Option(
        name: .customLong("max-width"),
        help: ArgumentHelp(
            "Limit tables to this width; 0: no limit. Default: the terminal's width, no limit elsewhere.",
            valueName: "columns"))
    package var maxWidth: Int?

    @Flag(name: .customLong("wide"), help: "All columns, however wide the table gets.")
    package var isWide = false

    @Flag(
        name: .customLong("spreadsheet-safe"),
        help: "CSV: put an apostrophe before text that a spreadsheet would run as a formula.")
    package var isSpreadsheetSafe = false

    @Flag(name: .customLong("utc"), help: "Show and read times in UTC. Results other than tables are always in UTC.")
    package var usesUTC = false

    @Flag(name: .customLong("no-color"), help: "No colors. The environment variable NO_COLOR does the same.")
    package var noColor = false

    @Flag(name: [.customShort("q"), .customLong("quiet")], help: "Only results and errors, no remarks.")
    package var isQuiet = false

    package init() {}

    package func validate() throws {
        if let maxWidth, maxWidth < 0 {
            throw ValidationError("--max-width takes a number of columns, 0 or more, not \(maxWidth).")
        }
    }

    /// The requested columns, one name each.
    package var columnNames: [String] {
        column.flatMap { $0.split(separator: ",").map(String.init) }
    }
}

extension OutputFormat: ExpressibleByArgument {}
extension SortKey: ExpressibleByArgument {}

extension UnknownColumnError {
    /// The exit status of a command that was asked for an unknown column.
    var exitStatus: ExitStatus { .usage }
}

extension OutputError {
    /// The exit status of a command whose results could not be written.
    package var exitStatus: ExitStatus {
        switch self {
        case .readerGone: .success
        case .failed, .notRepresentable: .outputFailed
        }
    }
}

extension OutputStyle {
    /// - Parameters:
    ///   - options: the user's options.
    ///   - terminal: the terminal of the results.
    ///   - zone: the local zone.
    ///   - now: the current time.
    package init(options: OutputOptions, terminal: Terminal, zone: DisplayZone, now: Timestamp? = nil) {
        let limit = options.maxWidth ?? (options.isWide ? 0 : terminal.width)
        self.init(
            format: options.format, width: limit == 0 ? nil : limit,
            usesColor: terminal.allowsColor && !options.noColor, zone: options.usesUTC ? .utc : zone)
        isForTerminal = terminal.isTerminal && options.format == .table
        isSpreadsheetSafe = options.isSpreadsheetSafe
        self.now = now
    }
}
