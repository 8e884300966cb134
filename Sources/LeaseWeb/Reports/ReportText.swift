/// The parts of a report's page in one file, to be shown inside of this page.
struct ReportText {
    /// The patterns of the charts.
    private(set) var patterns = ""
    /// The remarks, charts and the table.
    private(set) var content = ""
    /// How many rows of the table are left out; 0 if all are shown.
    private(set) var omittedRows = 0

    /// How many rows of a table are shown. A program gets all of them.
    static let maxRows = 250

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
        content = shortened(inner)
    }

    private mutating func shortened(_ text: Substring) -> String {
        guard let body = text.firstRange(of: "<tbody>"), let end = text.firstRange(of: "</tbody>") else {
            return String(text)
        }
        let rows = text[body.upperBound..<end.lowerBound].split(separator: "\n")
        guard rows.count > Self.maxRows else { return String(text) }
        omittedRows = rows.count - Self.maxRows
        return text[..<body.upperBound] + rows.prefix(Self.maxRows).joined(separator: "\n") + text[end.lowerBound...]
    }
}
