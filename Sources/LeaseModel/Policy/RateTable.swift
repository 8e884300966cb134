extension ServiceUnitRate {
    fileprivate var start: Timestamp { from ?? .distantPast }
    fileprivate var end: Timestamp { until ?? .distantFuture }
}

/// Why lines do not make a table.
package enum RateTableError: Error, Sendable, Hashable {
    /// A line that does not end after it begins.
    case backwards(ServiceUnitRate)
    /// Two lines for the same subject that overlap.
    case overlap(ServiceUnitRate, ServiceUnitRate)
    /// Two lines for the same subject with a gap between them.
    case gap(ServiceUnitRate, ServiceUnitRate)
}

/// What units cost, by resource type, kind and time.
package struct RateTable: Sendable {
    private struct Subject: Hashable {
        let resourceType: ResourceType
        let kind: String?
    }

    private struct Line {
        let span: Range<Timestamp>
        let rate: Double
    }

    /// The lines of each subject in chronological order, without overlaps.
    private let lines: [Subject: [Line]]
    private let types: Set<ResourceType>

    /// Makes a table of rates. If a kind has lines of its own, no other line applies to it.
    ///
    /// - Throws: ``RateTableError`` if lines for the same subject overlap or leave a gap.
    package init(_ lines: [ServiceUnitRate]) throws(RateTableError) {
        if let line = lines.first(where: { $0.start >= $0.end }) { throw .backwards(line) }
        let grouped = Dictionary(grouping: lines) { Subject(resourceType: $0.resourceType, kind: $0.kind) }
            .mapValues { $0.sorted { $0.start < $1.start } }
        for group in grouped.values.sorted(by: { $0[0].start < $1[0].start }) {
            for (line, next) in zip(group, group.dropFirst()) {
                if next.start < line.end { throw .overlap(line, next) }
                if next.start > line.end { throw .gap(line, next) }
            }
        }
        self.lines = grouped.mapValues { $0.map { Line(span: $0.start..<$0.end, rate: $0.serviceUnitsPerHour) } }
        types = Set(lines.map(\.resourceType))
    }

    /// Makes a table that agrees with ``SitePolicy/rate(of:kind:at:)`` at every moment, even if lines overlap.
    package init(_ policy: SitePolicy) {
        var lines: [Subject: [Line]] = [:]
        for subject in Set(policy.rates.map { Subject(resourceType: $0.resourceType, kind: $0.kind) }) {
            let relevant = SitePolicy(
                rates: policy.rates.filter {
                    $0.resourceType == subject.resourceType && ($0.kind == nil || $0.kind == subject.kind)
                })
            // Rates change only where a line begins or ends.
            let moments = Set(relevant.rates.flatMap { [$0.start, $0.end] }).sorted()
            lines[subject] = zip(moments, moments.dropFirst()).compactMap { from, until in
                relevant.rate(of: subject.resourceType, kind: subject.kind, at: from)
                    .map { Line(span: from..<until, rate: $0.serviceUnitsPerHour) }
            }
        }
        self.lines = lines
        types = Set(policy.rates.map(\.resourceType))
    }

    /// A span of time with one rate, or with none if the table has none.
    package struct Piece: Sendable {
        package let span: Range<Timestamp>
        package let rate: Double?

        package init(span: Range<Timestamp>, rate: Double?) {
            self.span = span
            self.rate = rate
        }
    }

    /// Divides a span by the rates of a reservation; `nil` if its resource type costs nothing.
    package func pieces(of span: Range<Timestamp>, for reservation: HeldReservation) -> [Piece]? {
        guard types.contains(reservation.resourceType) else { return nil }
        let own = lines[Subject(resourceType: reservation.resourceType, kind: reservation.kind)]
        let applying = own ?? lines[Subject(resourceType: reservation.resourceType, kind: nil)] ?? []
        var pieces: [Piece] = []
        var from = span.lowerBound
        for line in applying {
            let part = span.clamped(to: line.span)
            guard !part.isEmpty else { continue }
            if from < part.lowerBound { pieces.append(Piece(span: from..<part.lowerBound, rate: nil)) }
            pieces.append(Piece(span: part, rate: line.rate))
            from = part.upperBound
        }
        if from < span.upperBound { pieces.append(Piece(span: from..<span.upperBound, rate: nil)) }
        return pieces
    }

    /// What a reservation costs in a span, in service units; `nil` if a rate or the number of its units is not known.
    package func serviceUnits(of reservation: HeldReservation, in span: Range<Timestamp>) -> Double? {
        guard let pieces = pieces(of: span, for: reservation) else { return 0 }
        guard let units = reservation.units else { return nil }
        var sum = 0.0
        for piece in pieces {
            guard let rate = piece.rate else { return nil }
            let seconds = piece.span.upperBound.seconds(since: piece.span.lowerBound)
            sum += rate * Double(seconds) * Double(units.count)
        }
        return sum / 3_600
    }
}

extension Timestamp {
    /// Earlier than anything Blazar can express.
    package static let distantPast = Timestamp(secondsSince1970: -62_135_596_800)
    /// Later than anything Blazar can express.
    package static let distantFuture = Timestamp(secondsSince1970: 253_402_300_800)
}
