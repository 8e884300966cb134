package import ArgumentParser
import LeaseModel
import LeaseReports
import LeaseText
import Output

/// `leasehold report`
package struct ReportCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Report on leases and sites: usage, history, writes.",
        discussion: .paragraphs(
            """
            Every report answers from the local database. docs/reports.md says exactly what each figure is.

            EXAMPLES
              leasehold report hours --by project --bucket week \\
                --from 2026-03-02 --tz Europe/Berlin
              leasehold report expiring --within 2d
            """),
        subcommands: [
            HoursReportCommand.self, ServiceUnitReportCommand.self, EarlyReportCommand.self,
            UtilizationReportCommand.self, LeadTimeReportCommand.self, LatencyReportCommand.self,
            StatesReportCommand.self, ExtensionsReportCommand.self, FailuresReportCommand.self,
            ExpiringReportCommand.self, StackingReportCommand.self, CoverageReportCommand.self,
        ])

    package init() {}
}

/// A line of a report: one of its rows, or a total of several.
struct ReportLine<Row: GroupedRow>: Sendable {
    enum Kind: Sendable {
        case plain
        case subtotal
        case total
    }

    let row: Row
    var kind = Kind.plain
}

extension ReportLine {
    /// The columns of the bucket and of the dimensions.
    ///
    /// - Parameters:
    ///   - dimensions: what rows are grouped by.
    ///   - calendar: gives the buckets their names for people; `nil` if there are no buckets.
    ///   - hasBucket: whether there is a column for the bucket at all.
    ///   - format: people get the name of a bucket, programs its beginning.
    ///   - period: the only bucket, if there are no others.
    /// - Returns: the column of the bucket, if there is one, and one for each dimension.
    static func groupColumns(
        _ dimensions: [ReportDimension], calendar: BucketCalendar?, hasBucket: Bool = true, format: OutputFormat,
        period: Range<Timestamp>
    ) -> [Column<ReportLine>] {
        let labels = dimensions.enumerated().map { index, dimension in
            Column<ReportLine>(dimension.rawValue) { line in
                if index < line.row.labels.count { return .text(line.row.labels[index]) }
                let isFirstLabel = index == line.row.labels.count
                if line.kind == .subtotal { return .text(isFirstLabel ? "all" : nil) }
                return isFirstLabel && calendar == nil ? .text("total") : .text(format.isForPeople ? " " : nil)
            }
        }
        guard hasBucket else { return labels }
        let bucket = Column<ReportLine>("bucket", visibility: calendar == nil ? .structured : .always) { line in
            if line.kind == .total { return .text("total") }
            guard let start = line.row.bucket else {
                return .time(period.lowerBound == .distantPast ? nil : period.lowerBound)
            }
            return format.isForPeople ? .text(calendar?.label(ofBucketFrom: start)) : .time(start)
        }
        return [bucket] + labels
    }

    /// The rows with their totals: a subtotal after the rows that it sums up, and the total at the end.
    static func lines(_ rows: [Row], subtotals: [Row], total: Row?) -> [ReportLine] {
        var lines: [ReportLine] = []
        var start = 0
        for subtotal in subtotals {
            let end = rows[start...].firstIndex { !$0.belongs(to: subtotal) } ?? rows.count
            lines += rows[start..<end].map { ReportLine(row: $0) }
            // A single row would only be repeated by its subtotal.
            if end - start > 1 { lines.append(ReportLine(row: subtotal, kind: .subtotal)) }
            start = end
        }
        lines += rows[start...].map { ReportLine(row: $0) }
        if let total, rows.count > 1 { lines.append(ReportLine(row: total, kind: .total)) }
        return lines
    }

    /// The indices of the lines with totals, which are emphasized.
    static func totals(_ lines: [ReportLine]) -> Set<Int> {
        Set(lines.indices.filter { lines[$0].kind != .plain })
    }
}

extension GroupedRow {
    fileprivate func belongs(to subtotal: some GroupedRow) -> Bool {
        bucket == subtotal.bucket && labels.starts(with: subtotal.labels)
    }
}

/// The columns that identify the lease in a report's row.
enum LeaseColumns {
    static func columns<Row>(_ lease: @escaping @Sendable (Row) -> LeaseUsage) -> [Column<Row>] {
        [
            Column("lease", visibility: .structured, isShrinkable: false) { .text(lease($0).id) },
            Column("name") { .text(lease($0).name) },
            Column("site") { .text(lease($0).site) },
            Column("project") { .text(lease($0).projectName ?? lease($0).projectID) },
            Column("user") { .text(lease($0).userName ?? lease($0).userID) },
        ]
    }
}
