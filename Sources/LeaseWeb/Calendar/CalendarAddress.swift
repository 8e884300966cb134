import HTTPTypes
import LeaseModel
import LeaseReports
import Output

/// What the calendar's address asks for: which rows, and which period.
struct CalendarAddress {
    /// What the rows are.
    enum Rows: String, CaseIterable {
        case host
        case device
        case lease

        /// The kind of resource; `nil` for leases.
        var kind: ResourceKind? {
            switch self {
            case .host: .host
            case .device: .device
            case .lease: nil
            }
        }

        var title: String {
            switch self {
            case .host: "Hosts"
            case .device: "Devices"
            case .lease: "Leases"
            }
        }
    }

    let rows: Rows
    let window: OccupancyWindow
    /// The query without what chooses the period and the page.
    let filters: WebFields
    private let request: WebRequest

    /// Reads the query.
    ///
    /// - Throws: ``WebError`` if a value is not one of those offered, or an error of a time.
    init(_ request: WebRequest) throws {
        self.request = request
        let query = request.query
        filters = query.without(["unit", "at", "from", "to", "after"])
        guard let rows = Rows(rawValue: query["by"] ?? Rows.host.rawValue) else {
            throw WebError(
                .unprocessableContent, "There are no rows by '\(query["by"] ?? "")': use host, device or lease.")
        }
        self.rows = rows
        let zone = request.zone
        let unit = query["unit"] ?? Bucket.week.rawValue
        guard let unit = Bucket(rawValue: unit) else {
            throw WebError(.unprocessableContent, "There is no unit '\(unit)': use day, week or month.")
        }
        let from = try request.moment(query["from"]?.asTimeArgument)?.truncatedToMinute
        let to = try request.moment(query["to"]?.asTimeArgument)?.truncatedToMinute
        guard let known = from ?? to else {
            let moment = try request.moment(query["at"]?.asTimeArgument) ?? request.now
            window = OccupancyWindow(unit, holding: moment, offsetSeconds: zone.offsetSeconds)
            return
        }
        // One of the two alone begins or ends a period of the unit's length.
        let around = OccupancyWindow(unit, holding: known, offsetSeconds: zone.offsetSeconds).span
        let length = around.upperBound.seconds(since: around.lowerBound)
        let period = OccupancyWindow(
            from: from ?? known.adding(seconds: -length), to: to ?? known.adding(seconds: length))
        guard let period else {
            throw WebError(.unprocessableContent, "The period must end after it starts, and last ten years at most.")
        }
        window = period
    }

    /// The fields that choose a period.
    func fields(_ window: OccupancyWindow) -> WebFields {
        let text = TimeText(zone: request.zone)
        guard let unit = window.unit else { return fields(window.span) }
        // The middle of a day is on that day, whatever the clocks do.
        let middle = window.span.lowerBound.adding(seconds: unit == .day ? 43_200 : 86_400)
        return filters.with("unit", unit.rawValue).with("at", text.dateField(middle))
    }

    /// The fields that choose a period between two moments.
    func fields(_ span: Range<Timestamp>) -> WebFields {
        filters.with("from", span.lowerBound.iso8601Minute).with("to", span.upperBound.iso8601Minute)
    }

    /// The fields for the present period.
    var fields: WebFields { fields(window) }

    func link(_ fields: WebFields) -> String { request.link("/calendar", fields) }

    var previous: OccupancyWindow { window.previous(offsetSeconds: request.zone.offsetSeconds) }
    var next: OccupancyWindow { window.next(offsetSeconds: request.zone.offsetSeconds) }

    /// The day, week or month around a moment.
    func window(_ unit: Bucket, holding moment: Timestamp) -> OccupancyWindow {
        OccupancyWindow(unit, holding: moment, offsetSeconds: request.zone.offsetSeconds)
    }

    /// What is asked of the mirror, for rows of resources.
    func occupancy(_ kind: ResourceKind, after: ResourcePosition?, limit: Int) -> OccupancyRequest {
        var asked = OccupancyRequest(period: window.span, kind: kind, limit: limit)
        asked.scopes = request.scopes
        asked.site = filters["site"]
        asked.group = filters["type"]
        asked.nameGlob = filters["name"]
        asked.isMine = filters["mine"] != nil
        asked.after = after
        return asked
    }

    /// The leases of the period.
    ///
    /// - Parameter scopes: the scopes that see them; `nil` for all that the page shows.
    /// - Returns: the filter.
    func leases(scopes: Set<Int64>?) -> LeaseFilter {
        var filter = LeaseFilter()
        filter.scopes = scopes ?? request.scopes
        filter.from = window.span.lowerBound
        filter.to = window.span.upperBound
        filter.includesRemoved = true
        filter.isMine = filters["mine"] != nil
        if rows == .lease {
            filter.nameGlob = filters["name"]
            filter.nodeType = filters["type"]
        }
        return filter
    }
}

extension ResourcePosition {
    /// As a value in an address.
    var asQuery: String { [site, group, name, id].map(WebFields.encoded).joined(separator: "/") }

    init?(query: String) {
        let parts = query.split(separator: "/", omittingEmptySubsequences: false).map { WebFields.decoded($0) }
        guard parts.count == 4 else { return nil }
        self.init(site: parts[0], group: parts[1], name: parts[2], id: parts[3])
    }
}

extension String {
    /// What a date field of a browser sends, as people write it.
    fileprivate var asTimeArgument: String {
        count == 16 && dropFirst(10).first == "T" ? "\(prefix(10)) \(suffix(5))" : self
    }
}
