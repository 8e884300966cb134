/// Bars, one below the other, each divided by series.
///
/// Lengths are in percent and text sizes in pixels, so the chart fits a phone or a desktop without a script.
package struct BarChart: Sendable {
    /// One bar.
    package struct Bar: Sendable {
        package var label: String
        /// A value for each series.
        package var values: [Double]
        /// Whether the bar lacks something that could not be measured.
        package var isIncomplete: Bool

        package init(label: String, values: [Double], isIncomplete: Bool = false) {
            self.label = label
            self.values = values
            self.isIncomplete = isIncomplete
        }
    }

    package var title: String
    /// The unit behind each number: `node-hours`.
    package var unit: String
    package var series: [String]
    package var bars: [Bar]
    /// A note for reading the chart.
    package var caption: String?

    package init(title: String, unit: String, series: [String], bars: [Bar]) {
        self.title = title
        self.unit = unit
        self.series = series
        self.bars = bars
    }

    package var html: String {
        let most = bars.map { $0.values.reduce(0, +) }.max() ?? 0
        let rows = bars.enumerated().map { index, bar in row(bar, top: index * Self.rowHeight, most: most) }.joined()
        return """
            <figure>
            <h2>\(title.escapedForHTML)</h2>
            \(legend)
            <svg role="img" aria-label="\(title.escapedForHTML); the table has the same figures" height="\(bars.count * Self.rowHeight)">
            \(rows)</svg>
            \(caption.map { "<figcaption>\($0.escapedForHTML)</figcaption>\n" } ?? "")</figure>

            """
    }

    private static let rowHeight = 44

    private func row(_ bar: Bar, top: Int, most: Double) -> String {
        let sum = bar.values.reduce(0, +)
        let amount = "\(Self.number(sum)) \(unit.escapedForHTML)"
        let shown = bar.isIncomplete ? (sum > 0 ? "at least \(amount)" : "unknown") : amount
        var text = """
            <text x="0" y="\(top + 14)">\(bar.label.escapedForHTML)</text>\
            <text x="100%" y="\(top + 14)" text-anchor="end" class="b">\(shown)</text>

            """
        var left = 0.0
        for (index, value) in bar.values.enumerated() where value > 0 && most > 0 {
            let width = value / most * 100
            text += """
                <rect x="\(Self.percent(left))" y="\(top + 20)" width="\(Self.percent(width))" height="16" \
                fill="\(ChartPattern.fill(index))"><title>\(series[index].escapedForHTML): \(Self.number(value)) \
                \(unit.escapedForHTML)</title></rect>

                """
            left += width
        }
        return text
    }

    private var legend: String {
        guard series.count > 1 else { return "" }
        let items = series.enumerated().map { index, name in
            "<li><svg aria-hidden=\"true\" height=\"14\"><rect width=\"22\" height=\"14\" "
                + "fill=\"\(ChartPattern.fill(index))\"/></svg>\(name.escapedForHTML)</li>"
        }
        return "<ul class=\"legend\">\(items.joined())</ul>"
    }

    static func percent(_ value: Double) -> String { "\((value * 1_000).rounded() / 1_000)%" }

    private static func number(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() && abs(tenths) < 1e15 ? "\(Int64(tenths))" : "\(tenths)"
    }
}
