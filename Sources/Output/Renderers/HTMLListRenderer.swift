import LeaseModel
import LeaseReports

/// A page with a table, written row by row. If it is a report, its charts are above the table.
struct HTMLListRenderer: ListRenderer {
    let heads: [ColumnHead]
    private let style: OutputStyle
    private let time: TimeText
    private var count = 0

    init(heads: [ColumnHead], style: OutputStyle) {
        self.heads = heads
        self.style = style
        time = TimeText(zone: style.zone)
    }

    mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
        if count == 0 { output.append(contentsOf: beginning.utf8) }
        let line = cells.map { cell in
            "<td\(cell.isNumeric ? " class=\"n\"" : "")>\(CellText(cell, time: time.short).text.escapedForHTML)</td>"
        }.joined()
        output.append(
            contentsOf: "<tr\(style.head.totals.contains(count) ? " class=\"total\"" : "")>\(line)</tr>\n".utf8)
        count += 1
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {
        if count == 0 {
            try sink.write(beginning)
            try sink.write("<tr><td colspan=\"\(max(1, heads.count))\">Nothing.</td></tr>\n")
        }
        try sink.write("</tbody></table></div>\n\(ReportPage.end)")
    }

    private var beginning: String {
        let head = style.head
        let page = ReportPage.beginning(title: head.title, remarks: head.remarks + ["Times are in \(style.zone.name)."])
        let titles = heads.map { "<th scope=\"col\">\($0.title.escapedForHTML)</th>" }.joined()
        return page + head.figures.joined()
            + "<div class=\"scroll\"><table><thead><tr>\(titles)</tr></thead>\n<tbody>\n"
    }
}
