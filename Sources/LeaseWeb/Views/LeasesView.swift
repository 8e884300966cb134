import HTTPTypes
import LeaseModel
import LeaseText
import Leasehold
import Output

/// The grid of leases: sorted and cut into pages by the database.
enum LeasesView {
    /// The number of leases on a page.
    private static let pageLength = 100
    /// Beyond this number, leases are not counted.
    private static let maxCount = 10_000

    static func show(_ request: WebRequest) async throws -> WebPage {
        let filter = try LeaseFilterForm(request)
        let sort = try self.sort(request.query["sort"])
        let page = try request.manager.page(
            filter.filter, sort: sort, after: request.place("list"), limit: pageLength)
        let rows = page.leases.map { LeaseRow($0, now: request.now) }
        let isWhole = request.query["after"] == nil && page.next == nil
        let count =
            isWhole ? rows.count - page.queuedCount : try request.manager.count(filter.filter, upTo: maxCount + 1)
        let sites = Set(try request.manager.scopes().map(\.site))
        let columns = Column.all.filter { $0.key != .site || sites.count > 1 }
        let plain = request.query.without(["after", "notice"])
        let manager = request.manager
        return WebPage(
            title: "Leases", template: "leases",
            data: [
                "filter": filter.data(sites: sites.sorted()),
                "heads": columns.map { head($0, sort, request) },
                "rows": rows.map { row($0, columns, request) },
                "count": count > maxCount ? "more than \(maxCount)" : "\(count)",
                "noun": filter.noun, "empty": try emptiness(filter, request),
                "queued": WebData.ifAny(page.queuedCount > 0 ? "\(page.queuedCount) queued here" : nil),
                "first": WebData.ifAny(request.query["after"].map { _ in request.link("/leases", plain) }),
                "next": WebData.ifAny(page.next.map { request.link("/leases", plain.with("after", $0.text)) }),
                "json": request.link("/leases.json", plain), "csv": request.link("/leases.csv", plain),
                "ics": request.link("/leases.ics", plain),
            ],
            table: WebTable(LeaseRow.columns(showsEnding: filter.filter.includesRemoved)) { (after: LeasePosition?) in
                let page = try manager.page(filter.filter, sort: sort, after: after, limit: 500)
                return (page.leases.map { LeaseRow($0, now: request.now) }, page.next)
            }, calendar: request.format == .ics ? try calendar(filter.filter, request) : nil)
    }

    /// How long before the end of a lease a calendar reminds of it, in seconds.
    private static let alarmSeconds: Int64 = 3_600

    private static func calendar(_ filter: LeaseFilter, _ request: WebRequest) throws -> WebTable {
        let calendar = try CalendarParts(request.manager, filter, now: request.now, alarmSeconds: alarmSeconds)
        return WebTable { (place: CalendarParts.Place?) in try calendar.part(after: place) }
    }

    // MARK: - Columns

    /// A column of the grid.
    private struct Column: Sendable {
        let key: LeaseSort.Column
        let title: String
        /// The class of its cells, which says how they are aligned and on which screens they are left out.
        var style = ""

        static let all = [
            Column(key: .name, title: "Name", style: "name"), Column(key: .status, title: "Status"),
            Column(key: .resources, title: "Resources", style: "resources p2"),
            Column(key: .user, title: "User", style: "p2"),
            Column(key: .project, title: "Project", style: "p3"), Column(key: .site, title: "Site", style: "p3"),
            Column(key: .start, title: "Starts", style: "time p2"), Column(key: .end, title: "Ends", style: "time"),
            Column(key: .length, title: "Length", style: "num p3"),
        ]
    }

    /// The order in the address: `end_date`, `-end_date`; otherwise as people look for leases.
    private static func sort(_ text: String?) throws(WebError) -> LeaseSort {
        guard let text else { return LeaseSort(.relevance) }
        guard let key = SortKey(argument: text), let column = LeaseSort.Column(rawValue: key.column),
            ![.relevance, .calendar].contains(column)
        else {
            let known = (Column.all.map(\.key) + [.created, .id]).map(\.rawValue).joined(separator: ", ")
            throw WebError(
                .unprocessableContent,
                "Leases cannot be sorted by '\(text)': use \(known), or one of them after a minus sign.")
        }
        return LeaseSort(column, isDescending: key.isDescending)
    }

    /// The head of a column. Its link sorts by it, then the other way round, then not at all.
    private static func head(_ column: Column, _ sort: LeaseSort, _ request: WebRequest) -> WebData {
        let isSorted = sort.column == column.key
        let next: String? = isSorted ? (sort.isDescending ? nil : "-\(column.key.rawValue)") : column.key.rawValue
        let order = isSorted ? (sort.isDescending ? "descending" : "ascending") : "none"
        return [
            "title": column.title, "style": column.style, "order": order,
            "href": request.link("/leases", request.query.without(["after", "notice"]).with("sort", next)),
        ]
    }

    private static func row(_ row: LeaseRow, _ columns: [Column], _ request: WebRequest) -> WebData {
        let mirrored = row.mirrored
        let name: WebData = [
            "href": request.link(lease: row.lease.id), "name": row.lease.name,
            "queued": WebData.ifAny(
                mirrored.pending.isEmpty ? nil : mirrored.isDraft ? "not sent yet" : "change queued"),
            "undecided": mirrored.pending.contains { $0.state.needsDecision },
            "change": mirrored.pending.map { WriteText(mutation: $0, time: request.time).change }
                .joined(separator: "; ").cut(to: 300),
            "removed": mirrored.removal != nil, "degraded": row.lease.isDegraded == true,
        ]
        return [
            "key": row.lease.id, "isMine": mirrored.isMine, "isPast": !row.isLive, "name": name,
            "cells": columns.dropFirst().map { column -> WebData in
                [
                    "style": column.style, "text": text(row, column.key, request.time),
                    "status": WebData.ifAny(column.key == .status ? StatusStyle.of(row.lease.status.rawValue) : nil),
                    "note": WebData.ifAny(column.key == .end ? left(row) : nil),
                ]
            },
        ]
    }

    private static func text(_ row: LeaseRow, _ column: LeaseSort.Column, _ time: TimeText) -> String {
        let lease = row.lease
        return switch column {
        case .status: lease.status.rawValue
        case .resources: row.mirrored.isOutline ? "unknown" : row.shortResources
        case .user: row.mirrored.userName ?? String(lease.userID.prefix(8))
        case .project: row.mirrored.projectName ?? String(lease.projectID.prefix(8))
        case .site: row.mirrored.site
        case .start: time.moment(lease.startsAt)
        case .end: time.moment(lease.endsAt)
        case .length: TimeText.duration(seconds: lease.endsAt.seconds(since: lease.startsAt))
        case .relevance, .calendar, .name, .created, .id: ""
        }
    }

    /// How long a running lease goes on.
    private static func left(_ row: LeaseRow) -> String {
        guard row.lease.startsAt <= row.now, !row.mirrored.isDraft, let left = row.remainingSeconds else { return "" }
        return "\(TimeText.compact(seconds: left)) left"
    }

    /// Why there is nothing to show.
    private static func emptiness(_ form: LeaseFilterForm, _ request: WebRequest) throws -> String {
        guard try request.manager.scopes().contains(where: { $0.listedAt != nil }) else {
            return "Nothing is known yet: no site has been read. Sync one on the page Sites."
        }
        return form.isNarrow ? "No lease matches these filters." : "No lease is running, to come or queued."
    }
}

/// The color and shape of a status.
enum StatusStyle {
    static func of(_ status: String) -> String {
        switch CellText.emphasis(ofStatus: status) {
        case .good: "good"
        case .waiting: "waiting"
        case .bad: "bad"
        case .past: "past"
        case .none: "plain"
        }
    }
}
