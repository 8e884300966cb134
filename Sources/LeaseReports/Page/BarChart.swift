import LeaseModel

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
        let pictures = stride(from: 0, to: bars.count, by: Self.barsOfPicture).map { start in
            picture(bars[start..<min(bars.count, start + Self.barsOfPicture)], most: most)
        }
        return """
            <figure>
            <h2>\(title.escapedForHTML)</h2>
            \(legend)
            \(pictures.joined())\(caption.map { "<figcaption>\($0.escapedForHTML)</figcaption>\n" } ?? "")</figure>

            """
    }

    private static let rowHeight = 44
    /// How many bars are drawn as one picture. A picture is never divided between two sheets of paper.
    private static let barsOfPicture = 4

    private func picture(_ bars: ArraySlice<Bar>, most: Double) -> String {
        let rows = bars.enumerated().map { index, bar in row(bar, top: index * Self.rowHeight, most: most) }.joined()
        return """
            <svg role="img" aria-label="\(title.escapedForHTML); the table has the same figures" height="\(bars.count * Self.rowHeight)">
            \(rows)</svg>

            """
    }

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

extension BarChart {
    /// How many bars for empty buckets a chart may have.
    static let emptyBars = 366

    /// A chart of a report's rows: a bar for each bucket, divided by group; or one bar for each group if there are no
    /// buckets.
    ///
    /// Empty buckets in between get an empty bar, so that adjacent bars are adjacent in time. If there are too many
    /// empty buckets, all of them are left out, and the caption says so.
    ///
    /// - Parameters:
    ///   - title: the title of the chart.
    ///   - unit: the unit of the values.
    ///   - rows: the rows, by bucket.
    ///   - calendar: the buckets; `nil` if there are none.
    ///   - value: the value of a row; `nil` if not known.
    package init<Row: GroupedRow>(
        title: String, unit: String, rows: [Row], calendar: BucketCalendar?, value: (Row) -> Double?
    ) {
        guard let calendar else {
            self.init(
                title: title, unit: unit, series: [title],
                bars: rows.map { row in
                    let value = value(row)
                    return Bar(label: row.groupName, values: [value ?? 0], isIncomplete: value == nil)
                })
            return
        }
        let series = Series(rows, value)
        let edges = Self.edges(rows.compactMap(\.bucket), calendar)
        let empty = [Double](repeating: 0, count: series.names.count)
        var bars = edges.starts.map { Bar(label: calendar.label(ofBucketFrom: $0), values: empty) }
        let places = Dictionary(zip(edges.starts, bars.indices)) { first, _ in first }
        for row in rows {
            guard let place = row.bucket.flatMap({ places[$0] }) else { continue }
            let value = value(row)
            bars[place].values[series.number(of: row.groupName)] += value ?? 0
            if value == nil { bars[place].isIncomplete = true }
        }
        self.init(title: title, unit: unit, series: series.names, bars: bars)
        if edges.lacksEmpty { caption = "Empty \(calendar.bucket.rawValue)s are left out." }
    }

    /// The groups that get a series of their own: the largest, if there are more groups than fills; the rest share one
    /// series.
    private struct Series {
        let names: [String]
        private let numbers: [String: Int]

        init<Row: GroupedRow>(_ rows: [Row], _ value: (Row) -> Double?) {
            var sums: [String: Double] = [:]
            var groups: [String] = []
            for row in rows {
                let name = row.groupName
                if sums[name] == nil { groups.append(name) }
                sums[name, default: 0] += value(row) ?? 0
            }
            if groups.count > ChartPattern.count {
                let largest = groups.sorted { sums[$0, default: 0] > sums[$1, default: 0] }
                let kept = Set(largest.prefix(ChartPattern.count - 1))
                let others = groups.count - kept.count
                groups.removeAll { !kept.contains($0) }
                names = groups + ["\(others) others"]
            } else {
                names = groups
            }
            numbers = Dictionary(uniqueKeysWithValues: zip(groups, groups.indices))
        }

        /// The series of a group: its own, or else the shared one.
        func number(of group: String) -> Int { numbers[group] ?? names.count - 1 }
    }

    /// The starts of the buckets that get a bar.
    ///
    /// - Parameters:
    ///   - filled: the starts of the buckets with rows, ascending.
    ///   - calendar: the buckets.
    /// - Returns: the starts, and whether empty buckets were left out because there are too many.
    private static func edges(
        _ filled: [Timestamp], _ calendar: BucketCalendar
    ) -> (starts: [Timestamp], lacksEmpty: Bool) {
        var starts: [Timestamp] = []
        var known: [Timestamp] = []
        var empty = 0
        for start in filled where start != known.last {
            while empty <= emptyBars, let last = starts.last {
                let next = calendar.bucket(holding: last).upperBound
                guard next < start else { break }
                starts.append(next)
                empty += 1
            }
            starts.append(start)
            known.append(start)
        }
        return empty > emptyBars ? (known, true) : (starts, false)
    }
}

extension GroupedRow {
    /// The name of a row's series.
    fileprivate var groupName: String {
        labels.isEmpty ? "all" : labels.map { $0 ?? "none" }.joined(separator: ", ")
    }
}
