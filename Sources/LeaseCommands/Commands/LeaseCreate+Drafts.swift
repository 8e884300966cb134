import LeaseModel
import Leasehold
import Output

extension LeaseCreate {
    /// What determines the end.
    enum Ending { case given, aDay }

    var lasts: Ending {
        [end, dates.endDate, duration, file].allSatisfy { $0 == nil } ? .aDay : .given
    }

    /// The leases that are meant: those of the file, or one; each as often as it is to be made.
    func drafts(_ console: Console, cloud: String?) throws -> (drafts: [LeaseDraft], remarks: [DraftFinding]) {
        let text = try file.map { try console.text(ofFile: $0) }
        if let text, let file, let table = try LeaseTable(text, path: file) {
            return try drafts(console, table.lines) { line in
                do {
                    return try applying(line).draft(repeating: nil, console, cloud: cloud)
                } catch {
                    let error = CommandError(error)
                    throw CommandError(code: "invalid", message: "\(line.place): \(error.message)", status: .data)
                }
            }
        }
        guard let text, let file else {
            return try drafts(console, [()]) { try draft(repeating: nil, console, cloud: cloud) }
        }
        return try drafts(console, LeaseFile.all(text, path: file)) {
            try draft(repeating: $0, console, cloud: cloud)
        }
    }

    /// The leases of a file; `{n}` in their names is their number there.
    private func drafts<Entry>(
        _ console: Console, _ entries: [Entry],
        draft: (Entry) throws -> (draft: LeaseDraft, remarks: [DraftFinding])
    ) throws -> (drafts: [LeaseDraft], remarks: [DraftFinding]) {
        guard entries.count < 2 || name?.contains("{n}") ?? true else {
            throw CommandError.usage(
                "The file has \(entries.count) leases: give no name, or one with {n}, which is the number of each.")
        }
        let first = try entries.map(draft)
        let numbered = series.isSeries ? first.map(\.draft) : LeaseSeries.numbered(first.map(\.draft))
        let zone = writing.reading.zone(console)
        let drafts = try numbered.flatMap { try series.drafts(from: $0, now: console.now(), zone: zone) }
        return (drafts, first.first { !$0.remarks.isEmpty }?.remarks ?? [])
    }

    func draft(
        repeating repeated: LeaseFile?, _ console: Console, cloud: String?
    ) throws -> (draft: LeaseDraft, remarks: [DraftFinding]) {
        let now = console.now()
        let zone = writing.reading.zone(console)
        guard let name = name ?? repeated?.name else {
            throw CommandError.usage("The lease in the file has no name: give one.")
        }
        guard start == nil || dates.startDate == nil else {
            throw CommandError.usage("Give either --start or --start-date, not both.")
        }
        guard [end, dates.endDate, duration].count(where: { $0 != nil }) < 2 else {
            throw CommandError.usage("Give only one of --end, --end-date and --duration.")
        }
        let startTime = try TimeArgument(parsing: dates.startDate ?? start ?? "now")
        let startsAt = try startTime.moment(now: now, zone: dates.startDate == nil ? zone : .utc)
        let endsAt: Timestamp
        if let given = try dates.end(console) {
            endsAt = given
        } else if let end {
            endsAt = try TimeArgument(parsing: end).moment(now: now, zone: zone)
        } else if let duration {
            endsAt = startsAt.adding(seconds: try DurationArgument(parsing: duration).seconds)
        } else {
            endsAt = startsAt.adding(seconds: repeated?.durationSeconds ?? 86_400)
        }
        func catalogue(_ kind: ResourceKind) throws -> [CatalogueResource] {
            try writing.reading.global.manager(console).catalogue(kind, cloud: cloud)
        }
        let given = try wanted.requests(
            NameResolver(networks: { try catalogue(.network) }, flavors: { try catalogue(.flavor) }))
        let kept = try repeated?.requests(besides: Set(given.requests.map(\.resourceType))) ?? []
        let requests = kept + given.requests
        guard !requests.isEmpty else {
            throw CommandError.usage(
                "Nothing is reserved: add for example --node amount=1.")
        }
        let draft = LeaseDraft(
            name: name, start: startTime.isNow ? .now : .at(startsAt), endsAt: endsAt,
            beforeEnd: try writing.moment(beforeEnd, console), reservations: requests.map(\.json))
        return (draft, given.warnings.map { DraftFinding(.warning, field: "reservations", $0) })
    }
}
