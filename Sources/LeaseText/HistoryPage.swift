package import LeaseModel
package import Output

/// What happened to a lease, one line for each event. The day is shown only when it changes.
package struct HistoryPage {
    package let changes: [LeaseChange]
    package let time: TimeText
    package var includesEchoes: Bool
    /// Whether to show the bounds of times that Blazar did not record.
    package var showsBounds: Bool

    package init(changes: [LeaseChange], time: TimeText, includesEchoes: Bool = false, showsBounds: Bool = false) {
        self.changes = changes
        self.time = time
        self.includesEchoes = includesEchoes
        self.showsBounds = showsBounds
    }

    package var events: [ChangeText.Event] {
        let text = ChangeText(time: time)
        return changes.flatMap { text.events(of: $0, includesEchoes: includesEchoes) }
    }

    /// The rows: a time and a description.
    ///
    /// - Parameter events: the events to show.
    /// - Returns: two texts for each event.
    package func rows(_ events: some Sequence<ChangeText.Event>) -> [[String]] {
        var day = ""
        return events.map { event in
            let today = time.day(event.moment)
            let shown = today == day ? String(repeating: " ", count: today.count) : today
            day = today
            var words = event.words
            if showsBounds, !event.isExact, let after = event.after {
                words += "  (after \(time.moment(after, .seconds)))"
            }
            return ["\(shown) \(time.clock(event.moment, .seconds))", words]
        }
    }

    /// Whether any of the times is only known within bounds.
    package var hasBounds: Bool { events.contains { !$0.isExact } }

    /// The page.
    package func page(_ style: OutputStyle, now: Timestamp) -> TextPage {
        var page = TextPage(style)
        let events = events
        guard !events.isEmpty else { return page }
        let zone = events.first.map { time.zone.abbreviation(at: $0.moment) } ?? time.zone.name
        let isOneZone = events.allSatisfy { time.zone.abbreviation(at: $0.moment) == zone }
        page.columns([["WHEN (\(isOneZone ? zone : time.zone.city))", "WHAT"]] + rows(events), indent: 0)
        return page
    }
}
