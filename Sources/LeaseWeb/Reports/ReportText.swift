/// The parts of a report's page in one file, to be shown inside of this page.
struct ReportText {
    /// The patterns of the charts.
    private(set) var patterns = ""
    /// The remarks, charts and the table.
    private(set) var content = ""
    /// How many rows of the table are left out; 0 if all are shown.
    private(set) var omittedRows = 0
    /// Whether a part of the charts is left out.
    private(set) var omitsCharts = false

    /// How many rows of a table are shown. A program gets all of them.
    static let maxRows = 250
    /// The most bytes of the charts, and of the table's rows: a page stays small however much there is to report.
    private static let maxBytes = 40_000

    /// Takes a page apart. The page is our own: what strangers wrote in it is escaped.
    init(_ page: String) {
        guard let main = page.firstRange(of: "<main>"), let end = page.firstRange(of: "</main>") else { return }
        if let start = page[..<main.lowerBound].firstRange(of: "<svg"),
            let stop = page[start.lowerBound..<main.lowerBound].firstRange(of: "</svg>")
        {
            patterns = String(page[start.lowerBound..<stop.upperBound])
        }
        var inner = page[main.upperBound..<end.lowerBound]
        if let title = inner.firstRange(of: "</h1>") { inner = inner[title.upperBound...] }
        let table = inner.firstRange(of: "<table")?.lowerBound ?? inner.endIndex
        content = charts(inner[..<table]) + rows(inner[table...])
    }

    /// A text without the pictures that are too much.
    private mutating func charts(_ text: Substring) -> String {
        var kept = ""
        var rest = text
        var bytes = 0
        while let start = rest.firstRange(of: "<svg role="),
            let end = rest[start.lowerBound...].firstRange(of: "</svg>")
        {
            kept += rest[..<start.lowerBound]
            let picture = rest[start.lowerBound..<end.upperBound]
            bytes += picture.utf8.count
            if bytes <= Self.maxBytes { kept += picture } else { omitsCharts = true }
            rest = rest[end.upperBound...]
        }
        return kept + rest
    }

    /// A table without the rows that are too much.
    private mutating func rows(_ text: Substring) -> String {
        guard let body = text.firstRange(of: "<tbody>"), let end = text.firstRange(of: "</tbody>") else {
            return String(text)
        }
        let rows = text[body.upperBound..<end.lowerBound].split(separator: "\n")
        var bytes = 0
        let shown = rows.prefix(Self.maxRows).prefix { row in
            bytes += row.utf8.count
            return bytes <= Self.maxBytes
        }
        omittedRows = rows.count - shown.count
        return text[..<body.upperBound] + shown.joined(separator: "\n") + text[end.lowerBound...]
    }
}
