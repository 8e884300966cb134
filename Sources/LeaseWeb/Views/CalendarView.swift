import HTTPTypes
import LeaseModel
import LeaseReports
import LeaseText
import Leasehold
import Output

/// `/calendar`: who holds what, and when.
enum CalendarView {
    static func show(_ request: WebRequest) async throws -> WebPage {
        let address = try CalendarAddress(request)
        let axis = CalendarAxis(address.window, now: request.now, zone: request.zone)
        var body = try CalendarBody(address, request)
        var groups: [ResourceOccupancy.Group] = []
        // Programs get rows of their own.
        if request.format == .html {
            if let kind = address.rows.kind {
                let after = try request.query["after"].flatMap(position)
                let answer = try request.manager.occupancy(
                    address.occupancy(kind, after: after, limit: CalendarBody.rows))
                groups = answer.groups
                try body.add(answer, isFirstPage: request.query["after"] == nil)
            } else {
                body.add(
                    try request.manager.page(
                        address.leases(scopes: nil), sort: LeaseSort(.calendar), after: request.place("calendar"),
                        limit: CalendarBody.rows))
            }
        }
        return WebPage(
            title: "Calendar", template: "calendar", data: data(address, axis, body, groups, request),
            table: table(address, request))
    }

    private static func position(_ text: String) throws -> ResourcePosition? {
        guard text != CalendarBody.start else { return nil }
        guard let position = ResourcePosition(query: text) else { throw WebRequest.noPlace("calendar") }
        return position
    }

    // MARK: - For programs

    private static func table(_ address: CalendarAddress, _ request: WebRequest) -> WebTable {
        let (manager, now, window) = (request.manager, request.now, address.window.span)
        guard let kind = address.rows.kind else {
            let filter = address.leases(scopes: nil)
            return WebTable(CalendarSpan.columns) { (after: LeasePosition?) in
                let page = try manager.page(filter, sort: LeaseSort(.calendar), after: after, limit: 500)
                return (CalendarSpan.spans(page.leases, window: window, now: now), page.next)
            }
        }
        let asked = address.occupancy(kind, after: nil, limit: 100)
        let isMine = address.filters["mine"] != nil
        return WebTable(CalendarSpan.columns) { (after: ResourcePosition?) in
            var part = asked
            part.after = after
            let answer = try manager.occupancy(part)
            let spans = CalendarSpan.spans(answer, window: window, now: now)
            return (
                isMine ? spans.filter { $0.lease?.isMine == true } : spans,
                answer.hasMore ? answer.rows.last?.position : nil
            )
        }
    }

    // MARK: - For people

    private static func data(
        _ address: CalendarAddress, _ axis: CalendarAxis, _ body: CalendarBody, _ groups: [ResourceOccupancy.Group],
        _ request: WebRequest
    ) -> WebData {
        let time = request.time
        let span = address.window.span
        let first = address.fields
        var data: WebData = [
            "by": address.rows.rawValue, "heading": heading(address, time),
            "zone_now": time.zone.description(at: request.now),
            "previous": address.link(address.fields(address.previous)),
            "next": address.link(address.fields(address.next)),
            "today": address.link(address.fields(address.window(address.window.unit ?? .week, holding: request.now))),
            "rows": body.text, "definitions": axis.definitions, "axis": axis.heading,
            "is_empty": body.count == 0, "has_rows": body.count > 0, "remarks": body.remarks,
            "from": time.field(span.lowerBound),
            "to": time.field(span.upperBound),
            "json": request.link("/calendar.json", first), "csv": request.link("/calendar.csv", first),
            "name": address.filters["name"] ?? "", "is_mine": address.filters["mine"] != nil,
            "first": request.query["after"] == nil ? "" : address.link(first),
            "more": body.next.map { address.link(first.with("after", $0)) } ?? "",
            "has_first": request.query["after"] != nil, "has_more": body.next != nil,
            "fixed": first.members.filter { ["unit", "at", "from", "to", "by"].contains($0.name) }.map {
                ["name": $0.name, "value": $0.value] as WebData
            },
            "kept": address.filters.members.map { ["name": $0.name, "value": $0.value] as WebData },
        ]
        // Around now if now is in view, else from the middle of what is in view.
        let middle =
            span.contains(request.now)
            ? request.now : span.lowerBound.adding(seconds: span.upperBound.seconds(since: span.lowerBound) / 2)
        data["units"] = Bucket.allCases.map { unit -> WebData in
            [
                "title": unit.rawValue.prefix(1).uppercased() + unit.rawValue.dropFirst(),
                "link": address.link(address.fields(address.window(unit, holding: middle))),
                "is_chosen": unit == address.window.unit,
            ]
        }
        data["kinds"] = CalendarAddress.Rows.allCases.map { rows -> WebData in
            [
                "title": rows.title, "is_chosen": rows == address.rows,
                "link": address.link(first.without(["type", "after"]).with("by", rows == .host ? nil : rows.rawValue)),
            ]
        }
        data["sites"] = options(
            Set(groups.map(\.site)).union([address.filters["site"]].compactMap { $0 }).sorted(), address.filters["site"]
        )
        data["types"] = options(
            Set(groups.map(\.group)).union([address.filters["type"]].compactMap { $0 }).filter { !$0.isEmpty }.sorted(),
            address.filters["type"])
        return data
    }

    private static func options(_ values: [String], _ chosen: String?) -> [WebData] {
        values.map { ["value": $0, "is_chosen": $0 == chosen] }
    }

    /// `Mon 23 to Sun 29 Nov 2026`
    private static func heading(_ address: CalendarAddress, _ time: TimeText) -> String {
        let span = address.window.span
        let years = TimeText(zone: time.zone)
        switch address.window.unit {
        case .day: return years.day(span.lowerBound)
        case .week, .month: return "\(years.day(span.lowerBound)) to \(years.day(span.upperBound.adding(seconds: -1)))"
        case nil: return time.period(from: span.lowerBound, to: span.upperBound)
        }
    }
}
