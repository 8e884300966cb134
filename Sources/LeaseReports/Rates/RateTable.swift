public import LeaseModel

/// What a unit of something costs in an hour, from one moment to another.
public struct RateLine: Sendable, Hashable {
    /// What it is for.
    public var resourceType: ResourceType
    /// The node type, or `nil` for those that have no line of their own.
    public var nodeType: String?
    /// Service units for one unit and hour.
    public var rate: Double
    /// From when it applies; `nil` if it always has.
    public var from: Timestamp?
    /// Up to when it applies, that moment excluded; `nil` if there is no end to it.
    public var to: Timestamp?

    /// Makes a line from its parts.
    public init(
        resourceType: ResourceType, nodeType: String?, rate: Double, from: Timestamp?, to: Timestamp?
    ) {
        self.resourceType = resourceType
        self.nodeType = nodeType
        self.rate = rate
        self.from = from
        self.to = to
    }

    fileprivate var start: Timestamp { from ?? .distantPast }
    fileprivate var end: Timestamp { to ?? .distantFuture }
}

/// Why lines do not make a table.
public enum RateTableError: Error, Sendable, Hashable {
    /// A line ends before it begins, or when it does.
    case backwards(RateLine)
    /// Two lines for the same thing apply at once.
    case overlap(RateLine, RateLine)
    /// Between two lines for the same thing none applies.
    case gap(RateLine, RateLine)
}

/// What units cost, by resource type, node type and time.
public struct RateTable: Sendable {
    private struct Subject: Hashable {
        let resourceType: ResourceType
        let nodeType: String?
    }

    private let lines: [Subject: [RateLine]]
    private let types: Set<ResourceType>

    /// Makes a table.
    ///
    /// - Throws: ``RateTableError`` if lines for the same thing overlap, or leave a gap between them.
    public init(_ lines: [RateLine]) throws(RateTableError) {
        if let line = lines.first(where: { $0.start >= $0.end }) { throw .backwards(line) }
        let grouped = Dictionary(grouping: lines) { Subject(resourceType: $0.resourceType, nodeType: $0.nodeType) }
            .mapValues { $0.sorted { $0.start < $1.start } }
        for group in grouped.values.sorted(by: { $0[0].start < $1[0].start }) {
            for (line, next) in zip(group, group.dropFirst()) {
                if next.start < line.end { throw .overlap(line, next) }
                if next.start > line.end { throw .gap(line, next) }
            }
        }
        self.lines = grouped
        types = Set(lines.map(\.resourceType))
    }

    /// A stretch of time with one rate; without one if the table has none for it.
    struct Piece {
        let span: Range<Timestamp>
        let rate: Double?
    }

    /// Divides a stretch by the rates of a reservation; `nil` if what it reserves costs nothing.
    func pieces(of span: Range<Timestamp>, for reservation: HeldReservation) -> [Piece]? {
        guard types.contains(reservation.resourceType) else { return nil }
        let own = lines[Subject(resourceType: reservation.resourceType, nodeType: reservation.nodeType)]
        let applying = own ?? lines[Subject(resourceType: reservation.resourceType, nodeType: nil)] ?? []
        var pieces: [Piece] = []
        var from = span.lowerBound
        for line in applying {
            let part = span.clamped(to: line.start..<line.end)
            guard !part.isEmpty else { continue }
            if from < part.lowerBound { pieces.append(Piece(span: from..<part.lowerBound, rate: nil)) }
            pieces.append(Piece(span: part, rate: line.rate))
            from = part.upperBound
        }
        if from < span.upperBound { pieces.append(Piece(span: from..<span.upperBound, rate: nil)) }
        return pieces
    }
}

extension Timestamp {
    /// Earlier than anything that Blazar can write.
    public static let distantPast = Timestamp(secondsSince1970: -62_135_596_800)
    /// Later than anything that Blazar can write.
    public static let distantFuture = Timestamp(secondsSince1970: 253_402_300_800)
}
