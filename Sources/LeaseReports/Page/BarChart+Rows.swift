import LeaseModel

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
