import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output

/// The options that every report has in addition to ``ReadingOptions``: the file to write to, and the zone of times.
///
/// These options do not contain ``ReadingOptions``, because each level of nested option groups multiplies the time that
/// the parser spends checking itself in a debug build.
package struct ReportOutputOptions: ParsableArguments {
    @Option(
        name: .customLong("tz"),
        help: ArgumentHelp(
            "The zone of days, weeks and times, such as Europe/Berlin. Default: your own.", valueName: "zone"))
    var zoneName: String?

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("Write to this file. If writing fails, an existing file is kept.", valueName: "file"),
        completion: .file())
    var file: String?

    package init() {}

    /// The requested zone, from these options or the reading options.
    func zone(_ reading: ReadingOptions, _ console: Console) throws(CommandError) -> DisplayZone {
        guard let zoneName else { return reading.zone(console) }
        return try DisplayZone.named(zoneName, environment: console.environment)
    }

    /// Writes rows to the chosen file, or to the console.
    ///
    /// - Parameters:
    ///   - rows: the rows.
    ///   - columns: all available columns.
    ///   - head: the head of a page.
    ///   - zone: the zone of times.
    ///   - reading: the options that choose the format.
    ///   - console: where to write if no file is named.
    /// - Throws: ``CommandError`` if the file cannot be written or a column does not exist.
    func write<Row>(
        _ rows: [Row], _ columns: [Column<Row>], head: PageHead, zone: DisplayZone, _ reading: ReadingOptions,
        _ console: inout Console
    ) throws {
        let output = reading.output
        let isPage = reading.isPage(console) && !output.isWide && file == nil
        let marked = isPage ? Self.markingEstimates(in: columns, rows) : nil
        let selection = try ColumnSelection(
            from: columns, names: output.columnNames, sort: output.sort, format: output.format, standard: marked)
        let database = reading.global.configuration(console).databasePath
        try ReportFile.write(to: file, database: database, &console) { console in
            var style = OutputStyle(
                format: output.format, width: reading.style(console).width,
                usesColor: reading.style(console).usesColor, zone: zone)
            style.head = head
            style.isForTerminal = reading.style(console).isForTerminal
            style.isSpreadsheetSafe = output.isSpreadsheetSafe
            style.now = console.now()
            var sink = console.output
            defer { console.output = sink }
            if style.isForTerminal, !output.isQuiet {
                var page = TextPage(style)
                page.line([head.title, head.span].compactMap { $0 }.joined(separator: ", "))
                try page.write(to: &sink)
            }
            try ListOutput.write(rows, selection: selection, style: style, to: &sink)
        }
        if marked?.contains(where: { $0.key == "estimated" }) ?? false, !output.isQuiet {
            console.remark("~ estimated: a value that is not known exactly counts at its maximum.")
        }
    }

    /// The columns for a terminal. If any row is an estimate, `~` after its figures replaces the column `estimated`.
    private static func markingEstimates<Row>(in columns: [Column<Row>], _ rows: [Row]) -> [Column<Row>] {
        let shown = columns.filter { $0.visibility == .always }
        guard let estimated = shown.first(where: { $0.key == "estimated" }) else { return shown }
        let others = shown.filter { $0.key != "estimated" }
        guard rows.contains(where: { estimated.cell($0) == .bool(true) }) else { return others }
        let mark = Column<Row>("estimated", heading: "") { .text(estimated.cell($0) == .bool(true) ? "~" : " ") }
        return others + [mark]
    }
}
