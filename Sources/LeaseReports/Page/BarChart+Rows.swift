import LeaseModel

extension BarChart {
    /// How many bars for empty buckets a chart may have.
    static let emptyBars = 366

    /// A chart of a report's rows: a bar for each bucket, divided by what rows are grouped by, or one for each group if
    /// there are no buckets.
    ///
    /// Buckets in between that have no row get a bar without length, so that bars side by side are neighbours in time.
    /// If these are more than a chart can hold, there are none, and the caption says so.
    ///
    /// - Parameters:
    ///   - title: what is shown.
    ///   - unit: what is counted.
    ///   - rows: the rows, by bucket.
    ///   - calendar: the buckets; `nil` if there are none.
    ///   - value: what a row adds to its bar; `nil` if nobody knows.
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
        if edges.lacksEmpty { caption = "Each \(calendar.bucket.rawValue) with nothing in it is left out." }
    }

    /// Which groups have a series of their own: those with the most, if there are more than fills; the others share one.
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

        /// That of a group; the last if it has none of its own.
        func number(of group: String) -> Int { numbers[group] ?? names.count - 1 }
    }

    /// Where the buckets begin that get a bar.
    ///
    /// - Parameters:
    ///   - filled: where those begin that have a row, in ascending order.
    ///   - calendar: the buckets.
    /// - Returns: the beginnings, and whether the empty ones among them are too many to be there.
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
    /// What a row's series is called.
    fileprivate var groupName: String {
        labels.isEmpty ? "all" : labels.map { $0 ?? "none" }.joined(separator: ", ")
    }
}
