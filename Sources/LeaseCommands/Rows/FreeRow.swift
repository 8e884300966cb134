import LeaseModel
import Leasehold
import Output

/// Resources of one type and kind at one site, and how many of them are free.
struct FreeGroup: Sendable {
    /// Which resources they are.
    struct Key: Sendable {
        let type: ResourceType
        let kind: String?
        let availability: SiteAvailability
    }

    let key: Key
    let counts: [FreeCount]
    let total: Int
    var site: String { key.availability.scope.site }

    /// With the counts of a period; without its end, with the count at its start and the next one.
    init(_ key: Key, from start: Timestamp, to end: Timestamp?) {
        self.key = key
        let calendar = key.availability.calendar()
        counts = end.map { calendar.freeCounts(from: start, to: $0) } ?? calendar.firstFreeCounts(from: start)
        total = calendar.units
    }

    /// Whether nothing that was not read could change the counts: they end with the period, or with a change.
    var isCertain: Bool {
        guard let end = key.availability.unreadFrom else { return true }
        return counts.count > 1 && counts.allSatisfy { $0.from < end }
    }

    /// Every count, and from when to when it holds.
    func steps(until end: Timestamp) -> [FreeStepRow] {
        zip(counts, counts.dropFirst().map(\.from) + [end]).map { FreeStepRow(group: self, count: $0, until: $1) }
    }

    /// The columns that every row begins with.
    static func columns<Row>(_ group: @escaping @Sendable (Row) -> FreeGroup) -> [Column<Row>] {
        [
            Column("site", dropPriority: 2, role: .context) { .text(group($0).site) },
            Column("resource_type", dropPriority: 1, role: .context) { .text(group($0).key.type.rawValue) },
            Column("node_type", isShrinkable: false, heading: "KIND") { .text(group($0).key.kind) },
        ]
    }
}

/// What is free at a moment, as a row of `free`.
struct FreeNowRow: Sendable {
    let group: FreeGroup
    let now: FreeCount

    init?(_ group: FreeGroup) {
        guard let now = group.counts.first else { return nil }
        self.group = group
        self.now = now
    }

    private var next: FreeCount? { group.counts.dropFirst().first }

    static let columns: [Column<FreeNowRow>] =
        FreeGroup.columns(\.group) + [
            Column("at", visibility: .structured) { .time($0.now.from) },
            Column("free") { .number($0.now.free) },
            Column("total", heading: "OF") { .number($0.group.total) },
            Column("until", heading: "UNTIL") { .time($0.next?.from) },
            Column("then") { $0.next.map { .number($0.free) } ?? .missing },
            Column("bar", visibility: .onRequest) { .text(FreeBar.bar($0.now.free, of: $0.group.total)) },
            Column("synced_at", visibility: .structured) { .time($0.group.key.availability.listedAt) },
        ]

    /// The columns on a terminal: with the bar, and with short names of types.
    static let terminalColumns: [Column<FreeNowRow>] = {
        let shown = ["site", "resource_type", "node_type", "free", "total", "bar", "until", "then"]
        let type = Column<FreeNowRow>("resource_type", dropPriority: 1, role: .context, heading: "TYPE") {
            .text($0.group.key.type.noun)
        }
        return shown.compactMap { key in key == type.key ? type : columns.first { $0.key == key } }
    }()
}

/// A count and the time for which it holds, as a row of `free --from --to`.
struct FreeStepRow: Sendable {
    let group: FreeGroup
    let count: FreeCount
    let until: Timestamp

    static let columns: [Column<FreeStepRow>] =
        FreeGroup.columns(\.group) + [
            Column("from") { .time($0.count.from) },
            Column("to") { .time($0.until) },
            Column("free") { .number($0.count.free) },
            Column("total", heading: "OF") { .number($0.group.total) },
            Column("synced_at", visibility: .structured) { .time($0.group.key.availability.listedAt) },
        ]
}

/// Bars made of block characters.
enum FreeBar {
    private static let levels: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// A bar of 10 characters: as much is filled as is free, and something if anything is.
    static func bar(_ free: Int, of total: Int) -> String {
        guard total > 0 else { return "" }
        let filled = free == 0 ? 0 : max(1, min(10, free * 10 / total))
        return String(repeating: "█", count: filled) + String(repeating: "░", count: 10 - filled)
    }

    /// A strip with one character for each part of a period. A character shows the smallest count of its part, so that
    /// a short shortage is never hidden; a dot stands for none.
    static func strip(_ counts: [FreeCount], _ period: Range<Timestamp>, of total: Int, width: Int) -> String {
        let length = period.upperBound.seconds(since: period.lowerBound)
        guard total > 0, length > 0 else { return "" }
        let cells = Int(min(Int64(width), max(1, length / 60)))
        var text = ""
        var position = 0
        for cell in 0..<cells {
            let start = period.lowerBound.adding(seconds: length / Int64(cells) * Int64(cell))
            let end =
                cell == cells - 1
                ? period.upperBound : period.lowerBound.adding(seconds: length / Int64(cells) * Int64(cell + 1))
            while position + 1 < counts.count, counts[position + 1].from <= start { position += 1 }
            var least = counts[position].free
            while position + 1 < counts.count, counts[position + 1].from < end {
                position += 1
                least = min(least, counts[position].free)
            }
            text.append(least == 0 ? "·" : levels[min(7, max(0, (least * 8 + total - 1) / total - 1))])
        }
        return text
    }
}

/// What is free all through a period, as shown on a terminal.
struct FreePage {
    let groups: [FreeGroup]
    let period: Range<Timestamp>

    /// The largest number of lines for each group.
    private static let mostSteps = 12

    func page(_ style: OutputStyle) -> TextPage {
        var page = TextPage(style)
        let time = style.time
        page.line("Free from \(time.period(from: period.lowerBound, to: period.upperBound))")
        let hasSites = Set(groups.map(\.site)).count > 1
        for group in groups {
            let frees = group.counts.map(\.free)
            let (least, most) = (frees.min() ?? 0, frees.max() ?? 0)
            let name = [group.key.kind, hasSites || group.key.kind == nil ? group.site : nil].compactMap(\.self)
            let range = least == most ? "\(least)" : "\(least) to \(most)"
            page.line("\(name.joined(separator: ", "))   \(range) of \(group.key.type.counted(group.total)) free")
            page.line(FreeBar.strip(group.counts, period, of: group.total, width: 60), indent: 2)
            let steps = group.counts.prefix(Self.mostSteps)
            page.columns(steps.map { ["\($0.free)", "from \(time.moment($0.from))"] })
            if group.counts.count > steps.count {
                page.line("and \(group.counts.count - steps.count) more changes: -f csv", indent: 2)
            }
        }
        return page
    }
}
