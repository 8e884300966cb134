import LeaseModel
import LeaseReports
import LeaseText
import Output

/// Draws the rows of a calendar as SVG. Positions are in percent, so a lane fits any width without a script; colors
/// are classes of the style sheet.
struct CalendarLane {
    /// On how many pixels a lane is drawn. Wider screens scale it.
    static let pixels = 1_000
    /// The narrowest part that a pointer can reach, and that has an element of its own.
    static let reachable = 5
    /// No lane with more parts than a few has more bytes: then wider parts are drawn together.
    static let longest = 20_000
    /// The height of a lane, in pixels.
    static let height = 18

    let window: OccupancyWindow
    let now: Timestamp
    let time: TimeText
    /// Makes the address of a draft for a gap; `nil` if nothing can be reserved there.
    let draft: (Range<Timestamp>) -> String?
    /// The address of a period inside of the window.
    let zoom: (Range<Timestamp>) -> String
    let leaseLink: (String) -> String

    /// A lane with its parts.
    ///
    /// - Parameters:
    ///   - holds: what is held when.
    ///   - leases: the leases that the holds name.
    ///   - label: what is written on a lease's part if there is room; `nil` for its name.
    /// - Returns: the element.
    func svg(_ holds: [OccupancyHold], _ leases: [OccupyingLease], label: String? = nil) -> String {
        let cells = OccupancyRow(holds, window: window.span, pixels: Self.pixels).cells
        var reachable = Self.reachable
        var text = svg(cells, holds, leases, label: label, reachable: reachable)
        while text.utf8.count > Self.longest, reachable < Self.pixels / 10 {
            reachable *= 2
            text = svg(cells, holds, leases, label: label, reachable: reachable)
        }
        return text
    }

    private func svg(
        _ cells: [OccupancyCell], _ holds: [OccupancyHold], _ leases: [OccupyingLease], label: String?, reachable: Int
    ) -> String {
        let shortest = OccupancyRow.secondsPerPixel(window.span, pixels: Self.pixels / reachable)
        var text = "<svg class=\"lane\" height=\"\(Self.height)\"><use href=\"#calendar-marks\"/>"
        var narrow: [OccupancyCell] = []
        for cell in cells {
            if cell.span.upperBound.seconds(since: cell.span.lowerBound) < shortest {
                narrow.append(cell)
                continue
            }
            text += density(narrow, holds)
            narrow.removeAll(keepingCapacity: true)
            switch cell.content {
            case .free: text += gap(cell)
            case .held(let first, let count): text += bar(cell.span, holds[first], count, leases, label)
            case .mixed: text += density([cell], holds)
            }
        }
        return text + density(narrow, holds) + "</svg>"
    }

    // MARK: - Parts

    private func gap(_ cell: OccupancyCell) -> String {
        guard let free = cell.bookable(at: now), let link = draft(free) else { return "" }
        let length = TimeText.duration(seconds: free.upperBound.seconds(since: free.lowerBound))
        let title = "Free \(period(free)), \(length). Reserve it"
        return "<a class=\"gap\" href=\"\(link.escapedForHTML)\" aria-label=\"\(title.escapedForHTML)\">"
            + "<title>\(title.escapedForHTML)</title><rect \(place(free)) height=\"\(Self.height)\"/></a>"
    }

    private func bar(
        _ span: Range<Timestamp>, _ hold: OccupancyHold, _ count: Int, _ leases: [OccupyingLease], _ label: String?
    ) -> String {
        let lease = leases[hold.lease]
        let title = title(hold, lease, count)
        let name = label ?? lease.name ?? ""
        let width = window.position(of: span.upperBound) - window.position(of: span.lowerBound)
        let rect =
            "<rect class=\"\(Self.name(hold.holder)) \(Self.name(hold.state))\" \(place(span)) y=\"1\" "
            + "height=\"\(Self.height - 2)\" rx=\"2\"/>"
        // The name is drawn in a frame of its own, which cuts it off.
        let words =
            width < 0.04 || name.isEmpty || hold.holder == .others || hold.state == .uncertain
            ? ""
            : "<svg \(place(span)) height=\"\(Self.height)\"><text class=\"on-\(Self.name(hold.holder)) "
                + "\(Self.name(hold.state))\" x=\"5\" y=\"13\">\(String(name.prefix(80)).escapedForHTML)</text></svg>"
        guard lease.isMirrored else { return "<g>\(Self.title(title))\(rect)</g>" }
        return "<a href=\"\(leaseLink(lease.id).escapedForHTML)\" aria-label=\"\(title.escapedForHTML)\">"
            + "\(Self.title(title))\(rect)\(words)</a>"
    }

    /// Parts that are too narrow to reach: what is held, as high as the share of the time for which it is. The link leads
    /// to a closer look.
    private func density(_ cells: [OccupancyCell], _ holds: [OccupancyHold]) -> String {
        guard let first = cells.first?.span.lowerBound, let last = cells.last?.span.upperBound else { return "" }
        var paths: [OccupancyHold.Holder: String] = [:]
        var count = 0
        let pixel = Double(window.span.upperBound.seconds(since: window.span.lowerBound)) / Double(Self.pixels)
        for cell in cells {
            let holder: OccupancyHold.Holder
            let share: Double
            let length = Double(cell.span.upperBound.seconds(since: cell.span.lowerBound))
            switch cell.content {
            case .free: continue
            case .held(let number, let more):
                (holder, share) = (holds[number].holder, 1)
                count += more
            case .mixed(let mix):
                guard let mixed = mix.holder else { continue }
                (holder, share) = (mixed, Double(mix.heldSeconds) / length)
                count += mix.holds
            }
            let from = Double(cell.span.lowerBound.seconds(since: first)) / pixel
            let high = max(2, (share * Double(Self.height - 2)).rounded())
            let left = (from * 10).rounded() / 10
            let wide = max(1, (length / pixel * 10).rounded() / 10)
            paths[holder, default: ""] +=
                "M\(Self.short(left)) \(Self.height - 1)v-\(Self.short(high))h\(Self.short(wide))v\(Self.short(high))z"
        }
        guard count > 0 else { return "" }
        let span = first..<last
        let wide = max(1, Double(last.seconds(since: first)) / pixel)
        let drawn = paths.sorted { $0.key < $1.key }.map { "<path class=\"\(Self.name($0.key))\" d=\"\($0.value)\"/>" }
        let title = "\(count == 1 ? "1 short part" : "\(count) short parts") \(period(span)). Look closer"
        return "<a href=\"\(zoom(span).escapedForHTML)\" aria-label=\"\(title.escapedForHTML)\">\(Self.title(title))"
            + "<svg class=\"mix\" \(place(span)) height=\"\(Self.height)\" viewBox=\"0 0 \(Self.short((wide * 10).rounded() / 10)) "
            + "\(Self.height)\" preserveAspectRatio=\"none\">\(drawn.joined())</svg></a>"
    }

    // MARK: - Words

    private func title(_ hold: OccupancyHold, _ lease: OccupyingLease, _ count: Int) -> String {
        let owner = [lease.user, lease.project].compactMap { $0 }.joined(separator: ", ")
        var text = lease.name ?? "A lease that the site does not name"
        if !owner.isEmpty { text += " (\(owner))" }
        text += ": \(period(hold.span))"
        switch hold.state {
        case .reported: break
        case .queued: text += ", queued here"
        case .ending: text += ", given up by a queued write"
        case .uncertain: text += ", possibly: it was removed in this time"
        }
        if count > 1 { text += "; \(count) leases at once" }
        return text
    }

    private func period(_ span: Range<Timestamp>) -> String {
        time.period(from: span.lowerBound, to: span.upperBound)
    }

    private static func title(_ text: String) -> String { "<title>\(text.escapedForHTML)</title>" }

    private static func name(_ holder: OccupancyHold.Holder) -> String {
        switch holder {
        case .own: "own"
        case .project: "team"
        case .others: "other"
        }
    }

    private static func name(_ state: OccupancyHold.State) -> String {
        switch state {
        case .reported: "reported"
        case .uncertain: "uncertain"
        case .queued: "queued"
        case .ending: "ending"
        }
    }

    // MARK: - Places

    private func place(_ span: Range<Timestamp>) -> String {
        let left = window.position(of: span.lowerBound)
        let right = window.position(of: span.upperBound)
        return "x=\"\(Self.percent(left))\" width=\"\(Self.percent(max(0.001, right - left)))\""
    }

    /// `12.345%`, without trailing zeros.
    static func percent(_ position: Double) -> String { "\(short((position * 100_000).rounded() / 1_000))%" }

    private static func short(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))" : "\(value)"
    }
}
