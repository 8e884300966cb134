import LeaseModel
import LeaseReports
import LeaseText
import Leasehold
import Output

/// A lease's life as a picture: what was planned, and in which status it was seen when.
struct LeaseTimeline {
    private let lease: MirroredLease
    private let states: [LeaseVersion]
    private let request: WebRequest
    private let span: Range<Timestamp>

    init(_ lease: MirroredLease, _ request: WebRequest) throws {
        self.lease = lease
        self.request = request
        let history = lease.isDraft ? [] : try request.manager.history(LeaseCandidate(lease))
        states = history.suffix(LeaseView.maxStates)
        let planned = states.map(\.lease) + [lease.lease]
        let moments = planned.flatMap { [$0.startsAt, $0.endsAt] } + states.map(\.observedAt)
        let first = moments.min() ?? request.now
        let last = max(moments.max() ?? request.now, lease.removal?.before ?? first)
        let margin = max(600, last.seconds(since: first) / 40)
        span = first.adding(seconds: -margin)..<last.adding(seconds: margin)
    }

    /// The picture as SVG. Its geometry is in attributes and its colors in the style sheet.
    var svg: String {
        let plan = lease.lease
        let period = request.time.period(from: plan.startsAt, to: plan.endsAt)
        var parts = [
            #"<svg class="chart" width="100%" height="104" role="img" aria-label="\#("Planned \(period). \(seen)".escapedForHTML)">"#,
            #"<text x="0" y="14">Planned</text><text x="0" y="56">Seen</text>"#,
            bar(
                plan.startsAt..<max(plan.startsAt, plan.endsAt), top: 20, style: lease.isMine ? "mine" : "past",
                title: "Planned: \(period)"),
        ]
        for end in Set(states.map(\.lease.endsAt)).subtracting([plan.endsAt]).sorted() {
            parts.append(tick(end, top: 18, height: 20, title: "Planned end before: \(request.time.zoned(end))"))
        }
        for (index, state) in states.enumerated() {
            let until =
                index + 1 < states.count ? states[index + 1].observedAt : lease.removal?.after ?? state.lastSeenAt
            let status = state.lease.status.rawValue
            parts.append(
                bar(
                    state.observedAt..<max(state.observedAt, until), top: 62, style: StatusStyle.of(status),
                    title: "\(status), seen \(request.time.moment(state.observedAt)) to \(request.time.moment(until))"))
        }
        if let removal = lease.removal {
            parts.append(
                tick(
                    removal.before, top: 60, height: 20,
                    title: "Gone, first missed \(request.time.zoned(removal.before))"))
        }
        if span.contains(request.now) {
            let x = place(request.now)
            parts.append(#"<line class="now" x1="\#(x)" x2="\#(x)" y1="16" y2="84"><title>Now</title></line>"#)
        }
        parts.append(#"<text x="0" y="100">\#(request.time.moment(span.lowerBound).escapedForHTML)</text>"#)
        parts.append(
            #"<text x="100%" y="100" text-anchor="end">\#(request.time.moment(span.upperBound).escapedForHTML)</text></svg>"#
        )
        return parts.joined(separator: "\n")
    }

    /// The same in words.
    private var seen: String {
        states.map { "\($0.lease.status.rawValue) from \(request.time.moment($0.observedAt))" }.joined(separator: ", ")
    }

    private func place(_ moment: Timestamp) -> String { percent(moment.seconds(since: span.lowerBound)) }

    private func percent(_ seconds: Int64) -> String {
        let whole = Double(max(1, span.upperBound.seconds(since: span.lowerBound)))
        return "\(Cell.fixed(min(100, max(0, Double(seconds) / whole * 100)), places: 2))%"
    }

    private func bar(_ part: Range<Timestamp>, top: Int, style: String, title: String) -> String {
        // A bar that is too narrow to be seen is drawn wider.
        let least = span.upperBound.seconds(since: span.lowerBound) / 250
        let width = percent(max(least, part.upperBound.seconds(since: part.lowerBound)))
        return """
            <rect class="\(style)" x="\(place(part.lowerBound))" y="\(top)" width="\(width)" height="16" rx="2">\
            <title>\(title.escapedForHTML)</title></rect>
            """
    }

    private func tick(_ moment: Timestamp, top: Int, height: Int, title: String) -> String {
        let x = place(moment)
        return """
            <line class="tick" x1="\(x)" x2="\(x)" y1="\(top)" y2="\(top + height)"><title>\(title.escapedForHTML)</title></line>
            """
    }
}
