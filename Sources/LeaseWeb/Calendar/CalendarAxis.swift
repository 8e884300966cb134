import LeaseModel
import LeaseReports
import LeaseText
import Output

/// The marks of a calendar's time axis: its heading, and the lines behind every lane.
struct CalendarAxis {
    private let window: OccupancyWindow
    private let axis: OccupancyAxis
    private let now: Timestamp

    init(_ window: OccupancyWindow, now: Timestamp, zone: DisplayZone) {
        self.window = window
        self.now = now
        axis = OccupancyAxis(window.span, offsetSeconds: zone.offsetSeconds)
    }

    /// The lines and patterns, which every lane uses.
    var definitions: String {
        var lines = axis.marks.filter { $0.moment > window.span.lowerBound }.map { mark in
            line(mark.moment, mark.isMajor ? "major" : "minor")
        }
        if window.span.contains(now) { lines.append(line(now, "now")) }
        return """
            <svg class="calendar-defs" width="0" height="0" aria-hidden="true"><defs>
            <g id="calendar-marks">\(lines.joined())</g>
            \(Self.hatch("own"))\(Self.hatch("team"))\(Self.hatch("other"))
            </defs></svg>
            """
    }

    private func line(_ moment: Timestamp, _ name: String) -> String {
        let place = CalendarLane.percent(window.position(of: moment))
        return "<line class=\"\(name)\" x1=\"\(place)\" x2=\"\(place)\" y1=\"0\" y2=\"\(CalendarLane.height)\"/>"
    }

    /// Stripes for what is only queued, so that it differs without colors too.
    private static func hatch(_ holder: String) -> String {
        """
        <pattern id="hatch-\(holder)" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
        <rect class="pale" width="7" height="7"/><rect class="\(holder)" width="3.5" height="7"/></pattern>
        """
    }

    /// The heading.
    var heading: String {
        let texts = axis.marks.enumerated().compactMap { number, mark -> String? in
            guard let text = label(mark) else { return nil }
            let isDense = axis.step == .day && axis.marks.count <= 10 && number % 2 == 1
            let place = CalendarLane.percent(window.position(of: mark.moment))
            let name = mark.isMajor && !isDense ? "major" : "minor"
            return "<text class=\"\(name)\" x=\"\(place)\" dx=\"3\" y=\"13\">\(text)</text>"
        }
        return "<svg class=\"axis\" height=\"20\" aria-hidden=\"true\"><use href=\"#calendar-marks\" y=\"2\"/>"
            + "\(texts.joined())</svg>"
    }

    private func label(_ mark: OccupancyAxis.Mark) -> String? {
        let clock = mark.clock.utc
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        switch axis.step {
        case .hour:
            if mark.isMajor { return "\(two(clock.hour)):00" }
            return clock.hour % 3 == 0 ? two(clock.hour) : nil
        case .quarterDay: return mark.isMajor ? TimeText.weekdayAndDay(mark.clock) : two(clock.hour)
        case .day:
            if axis.marks.count <= 10 { return TimeText.weekdayAndDay(mark.clock) }
            return mark.isMajor ? "\(clock.day) \(TimeText.months[clock.month - 1])" : "\(clock.day)"
        case .week: return mark.isMajor ? "\(clock.day) \(TimeText.months[clock.month - 1])" : "\(clock.day)"
        case .month:
            let isNewYear = clock.month == 1 || mark.moment == axis.marks.first?.moment
            if isNewYear { return "\(TimeText.months[clock.month - 1]) \(clock.year)" }
            return axis.marks.count <= 24 ? TimeText.months[clock.month - 1] : nil
        }
    }
}
