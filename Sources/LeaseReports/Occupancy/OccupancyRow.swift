package import LeaseModel

/// The cells of one resource in a window of time: they follow each other without gaps from the window's start to its end.
///
/// Every boundary is exact. A period at least as long as a pixel has a cell of its own; shorter ones that follow each
/// other are merged, into cells shorter than two pixels. So a row has at most two cells for each pixel, and one more,
/// however many leases there are.
package struct OccupancyRow: Sendable {
    package let cells: [OccupancyCell]

    /// Computes a row.
    ///
    /// - Parameters:
    ///   - holds: what holds the resource, in any order. Holds may overlap, and lie outside of the window.
    ///   - window: the period to show.
    ///   - pixels: how many pixels it is drawn on; `nil` to merge nothing.
    package init(_ holds: [OccupancyHold], window: Range<Timestamp>, pixels: Int?) {
        var sweep = Sweep(holds, window)
        var merger = CellMerger(shortest: pixels.map { Self.secondsPerPixel(window, pixels: $0) } ?? 0)
        while let segment = sweep.next(describesFrom: merger.shortest) { merger.add(segment) }
        cells = merger.finish()
    }

    /// How many seconds of a window a pixel shows, rounded up.
    package static func secondsPerPixel(_ window: Range<Timestamp>, pixels: Int) -> Int64 {
        let count = Int64(max(1, pixels))
        let length = window.upperBound.seconds(since: window.lowerBound)
        return length / count + (length % count == 0 ? 0 : 1)
    }
}

/// A period in which the same holds are in force.
private struct Segment {
    let span: Range<Timestamp>
    /// How many holds begin with it; at the window's start, all that are in force.
    let begins: Int
    /// How many are in force.
    let count: Int
    /// The first of them by precedence, for segments long enough to be described.
    let first: Int?
    /// The highest precedence of those in force.
    let holder: OccupancyHold.Holder?

    var seconds: Int64 { span.upperBound.seconds(since: span.lowerBound) }
}

/// Walks through the moments at which holds begin and end.
private struct Sweep {
    private let holds: [OccupancyHold]
    private let window: Range<Timestamp>
    /// The holds that overlap the window, by start and by end.
    private let starting: [Int]
    private let ending: [Int]
    private var (started, ended) = (0, 0)
    private var position: Timestamp
    /// The holds in force, and the place of each in that list.
    private var current: [Int] = []
    private var places: [Int: Int] = [:]
    /// How many of each holder's are in force.
    private var counts = [0, 0, 0]

    init(_ holds: [OccupancyHold], _ window: Range<Timestamp>) {
        self.holds = holds
        self.window = window
        let shown = holds.indices.filter { holds[$0].span.overlaps(window) }
        starting = shown.sorted { holds[$0].span.lowerBound < holds[$1].span.lowerBound }
        ending = shown.sorted { holds[$0].span.upperBound < holds[$1].span.upperBound }
        position = window.lowerBound
    }

    mutating func next(describesFrom shortest: Int64) -> Segment? {
        guard position < window.upperBound else { return nil }
        while ended < ending.count, holds[ending[ended]].span.upperBound <= position {
            end(ending[ended])
            ended += 1
        }
        var begins = 0
        while started < starting.count, holds[starting[started]].span.lowerBound <= position {
            begin(starting[started])
            started += 1
            begins += 1
        }
        var until = window.upperBound
        if started < starting.count { until = min(until, holds[starting[started]].span.lowerBound) }
        if ended < ending.count { until = min(until, holds[ending[ended]].span.upperBound) }
        let span = position..<until
        position = until
        let isDescribed = span.upperBound.seconds(since: span.lowerBound) >= shortest
        return Segment(
            span: span, begins: begins, count: current.count,
            first: isDescribed ? current.min { Self.order(holds[$0], $0) < Self.order(holds[$1], $1) } : nil,
            holder: counts.lastIndex { $0 > 0 }.flatMap(OccupancyHold.Holder.init(rawValue:)))
    }

    private static func order(_ hold: OccupancyHold, _ number: Int) -> (Int, Timestamp, Int) {
        (-hold.holder.rawValue, hold.span.lowerBound, number)
    }

    private mutating func begin(_ number: Int) {
        places[number] = current.count
        current.append(number)
        counts[holds[number].holder.rawValue] += 1
    }

    private mutating func end(_ number: Int) {
        guard let place = places.removeValue(forKey: number), let last = current.popLast() else { return }
        counts[holds[number].holder.rawValue] -= 1
        guard last != number else { return }
        current[place] = last
        places[last] = place
    }
}

/// Makes cells of segments: merges those that are too short.
private struct CellMerger {
    /// The shortest segment that gets a cell of its own, in seconds.
    let shortest: Int64
    private var cells: [OccupancyCell] = []
    private var start: Timestamp?
    private var end: Timestamp?
    private var mix = OccupancyMix(heldSeconds: 0, holds: 0, holder: nil)

    init(shortest: Int64) { self.shortest = shortest }

    mutating func add(_ segment: Segment) {
        guard segment.seconds < shortest else {
            close()
            cells.append(OccupancyCell(span: segment.span, content: Self.content(segment)))
            return
        }
        if start == nil {
            start = segment.span.lowerBound
            mix = OccupancyMix(heldSeconds: 0, holds: segment.count, holder: nil)
        } else {
            mix.holds += segment.begins
        }
        end = segment.span.upperBound
        if segment.count > 0 { mix.heldSeconds += segment.seconds }
        mix.holder = [mix.holder, segment.holder].compactMap { $0 }.max()
        if let start, segment.span.upperBound.seconds(since: start) >= shortest { close() }
    }

    mutating func finish() -> [OccupancyCell] {
        close()
        return cells
    }

    private mutating func close() {
        if let start, let end { cells.append(OccupancyCell(span: start..<end, content: .mixed(mix))) }
        start = nil
    }

    private static func content(_ segment: Segment) -> OccupancyCell.Content {
        segment.first.map { .held(first: $0, count: segment.count) } ?? .free
    }
}
