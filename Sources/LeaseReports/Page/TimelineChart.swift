package import LeaseModel

/// Leases as bars along a time axis, in a lane for each node type.
package struct TimelineChart: AdditiveReport {
    /// One lease in a lane.
    package struct Item: Sendable {
        package var lane: String
        package var name: String
        package var held: HeldTime

        package init(lane: String, name: String, held: HeldTime) {
            self.lane = lane
            self.name = name
            self.held = held
        }
    }

    /// How many leases a lane shows; more would be unreadable.
    package static let itemsPerLane = 40

    private let period: Range<Timestamp>
    private let clock: @Sendable (Timestamp) -> String
    private var lanes: [String: (items: [Item], count: Int)] = [:]

    /// Starts a chart.
    ///
    /// - Parameters:
    ///   - period: the period to show.
    ///   - clock: formats a moment in the reader's time zone.
    package init(period: Range<Timestamp>, clock: @escaping @Sendable (Timestamp) -> String) {
        self.period = period
        self.clock = clock
    }

    /// Adds a lease to the lane of each of its node types. If a lane is full, it keeps the leases that start last.
    package mutating func add(_ lease: LeaseUsage) {
        guard let held = lease.held, held.span.overlaps(period) else { return }
        let types = Set(lease.reservations.filter(\.isOfNodes).map { $0.nodeType ?? "no node type" })
        for lane in types { add([Item(lane: lane, name: lease.name, held: held)], count: 1, to: lane) }
    }

    package mutating func merge(_ other: TimelineChart) {
        for (name, lane) in other.lanes { add(lane.items, count: lane.count, to: name) }
    }

    private mutating func add(_ items: [Item], count: Int, to name: String) {
        var lane = lanes[name] ?? ([], 0)
        lanes[name] = nil
        lane.count += count
        lane.items += items
        if lane.items.count >= 2 * Self.itemsPerLane { lane.items = Self.last(lane.items) }
        lanes[name] = lane
    }

    private static func last(_ items: [Item]) -> [Item] {
        Array(items.sorted { order($0) < order($1) }.suffix(itemsPerLane))
    }

    /// Items that agree in all of this look the same, so it does not matter which of them is kept.
    private static func order(_ item: Item) -> (Timestamp, Timestamp, Timestamp, String) {
        (item.held.span.lowerBound, item.held.span.upperBound, item.held.certainUntil, item.name)
    }

    /// The chart; empty if there is nothing to show.
    package var html: String {
        guard !lanes.isEmpty else { return "" }
        let shown = lanes.mapValues { Self.last($0.items) }
        // Without a beginning of the period, the axis begins with the first lease shown.
        let first = shown.values.joined().map(\.held.span.lowerBound).min() ?? period.lowerBound
        let last = shown.values.joined().map(\.held.span.upperBound).max() ?? period.upperBound
        let start = max(period.lowerBound, first)
        let span = start..<max(start.adding(seconds: 1), min(period.upperBound, last))
        let sections = lanes.keys.sorted().map { name in
            section(name, shown[name] ?? [], of: lanes[name]?.count ?? 0, span)
        }
        return """
            <figure>
            <h2>Leases by node type</h2>
            <p>In the hatched part of a bar, the lease may have ended already.</p>
            \(sections.joined())</figure>

            """
    }

    private func section(_ name: String, _ items: [Item], of count: Int, _ span: Range<Timestamp>) -> String {
        let rows = items.enumerated().map { row($1, top: 24 + $0 * 34, span) }.joined()
        // The two ends of the axis are on lines of their own; side by side they would be too wide for a phone.
        let height = 24 + items.count * 34 + 34
        let more = items.count < count ? ", the last \(items.count) of \(count) leases" : ""
        return """
            <svg role="img" aria-label="\(name.escapedForHTML)\(more)" height="\(height)">
            <text x="0" y="16" class="b">\(name.escapedForHTML)\(more)</text>
            \(rows)<text x="0" y="\(height - 19)" class="f">\(clock(span.lowerBound).escapedForHTML)</text>\
            <text x="100%" y="\(height - 5)" class="f" text-anchor="end">\(clock(span.upperBound).escapedForHTML)</text>
            </svg>

            """
    }

    private func row(_ item: Item, top: Int, _ span: Range<Timestamp>) -> String {
        let part = item.held.span.clamped(to: span)
        let certain = min(max(item.held.certainUntil, part.lowerBound), part.upperBound)
        let text = """
            \(item.name): \(clock(item.held.span.lowerBound)) to \(clock(item.held.span.upperBound))\
            \(item.held.certainUntil < item.held.span.upperBound ? " at most" : "")
            """
        let name = item.name.count > 60 ? item.name.prefix(59) + "…" : item.name[...]
        var bars = bar(part.lowerBound..<certain, span, top: top + 18, fill: 0, title: text)
        if certain < part.upperBound {
            bars += bar(certain..<part.upperBound, span, top: top + 18, fill: 1, title: text)
        }
        return "<text x=\"0\" y=\"\(top + 13)\">\(name.escapedForHTML)</text>\n\(bars)"
    }

    private func bar(
        _ part: Range<Timestamp>, _ span: Range<Timestamp>, top: Int, fill: Int, title: String
    ) -> String {
        let whole = Double(span.upperBound.seconds(since: span.lowerBound))
        let left = Double(part.lowerBound.seconds(since: span.lowerBound)) / whole * 100
        let width = Double(part.upperBound.seconds(since: part.lowerBound)) / whole * 100
        guard width > 0 else { return "" }
        return """
            <rect x="\(BarChart.percent(left))" y="\(top)" width="\(BarChart.percent(max(width, 0.4)))" height="11" \
            fill="\(ChartPattern.fill(fill))"><title>\(title.escapedForHTML)</title></rect>

            """
    }
}
