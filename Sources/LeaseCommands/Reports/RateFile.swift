import Foundation
import LeaseModel
import LeaseReports

/// A table of rates in a CSV file.
struct RateFile {
    let path: String
    let console: Console
    let zone: DisplayZone

    private static let columns = ["resource_type", "node_type", "rate", "from", "to"]

    /// Reads the table.
    ///
    /// - Throws: ``CommandError`` that names the line and what is wrong with it.
    func table() throws(CommandError) -> RateTable {
        let full = path.hasPrefix("/") ? path : "\(console.currentDirectory)/\(path)"
        guard let bytes = FileManager.default.contents(atPath: full) else {
            throw CommandError(
                code: "not_found",
                message: "The table of rates \(path) cannot be read. Check the name and its permissions.",
                status: .notFound)
        }
        var rows = CSVText.rows(String(decoding: bytes, as: UTF8.self))
        guard !rows.isEmpty else { throw invalid("is empty") }
        let head = rows.removeFirst().fields.map { $0.lowercased() }
        for column in ["resource_type", "rate"] where !head.contains(column) {
            throw invalid("has no column '\(column)'; it needs \(Self.columns.joined(separator: ", "))")
        }
        var lines: [ServiceUnitRate] = []
        for row in rows {
            let fields = Dictionary(zip(head, row.fields)) { first, _ in first }
            lines.append(try line(fields, number: row.line))
        }
        do {
            return try RateTable(lines)
        } catch {
            throw invalid(RateSentence(zone: zone).sentence(error))
        }
    }

    private func line(_ fields: [String: String], number: Int) throws(CommandError) -> ServiceUnitRate {
        guard let type = fields["resource_type"], !type.isEmpty else {
            throw invalid("names no resource_type in line \(number)")
        }
        guard let rate = fields["rate"].flatMap(Double.init), rate >= 0, rate.isFinite else {
            throw invalid("has no number of 0 or more as rate in line \(number)")
        }
        let nodeType = fields["node_type"].flatMap { $0.isEmpty ? nil : $0 }
        return ServiceUnitRate(
            resourceType: ResourceType(named: type), kind: nodeType, serviceUnitsPerHour: rate,
            from: try moment(fields["from"], number), until: try moment(fields["to"], number))
    }

    private func moment(_ text: String?, _ number: Int) throws(CommandError) -> Timestamp? {
        guard let text, !text.isEmpty else { return nil }
        do {
            return try TimeArgument(parsing: text).moment(now: console.now(), zone: zone)
        } catch {
            throw invalid("has no time that can be read in line \(number): \(error)")
        }
    }

    private func invalid(_ problem: String) -> CommandError {
        CommandError(code: "invalid", message: "The table of rates \(path) \(problem).", status: .data)
    }
}

/// Says what is wrong with rates.
struct RateSentence {
    let zone: DisplayZone

    func sentence(_ error: RateTableError) -> String {
        let text = TimeText(zone: zone)
        func name(_ line: ServiceUnitRate) -> String {
            ([line.resourceType.rawValue] + (line.kind.map { [$0] } ?? [])).joined(separator: ", ")
        }
        func moment(_ time: Timestamp?, open: String) -> String { time.map(text.full) ?? open }
        switch error {
        case .backwards(let line):
            return "has a rate of \(name(line)) that ends (\(moment(line.until, open: "never"))) before it begins"
        case .overlap(let line, let next):
            return "has two rates of \(name(line)) from \(moment(next.from, open: "the beginning")) on: the one before "
                + "lasts \(line.until.map { "until \(text.full($0))" } ?? "for ever"). Let each end where the next begins"
        case .gap(let line, let next):
            return
                "has no rate of \(name(line)) from \(moment(line.until, open: "")) to \(moment(next.from, open: "")). "
                + "Let each end where the next begins"
        }
    }
}

/// Reads comma-separated values after RFC 4180.
enum CSVText {
    /// The rows that are not empty, each with the number of the line it begins in.
    static func rows(_ text: String) -> [(line: Int, fields: [String])] {
        var rows: [(line: Int, fields: [String])] = []
        var fields: [String] = []
        var field = ""
        var isQuoted = false
        var (line, start) = (1, 1)
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        if next == "\u{FEFF}" { next = scalars.next() }
        func endRow() {
            fields.append(field.trimmingCharacters(in: .whitespaces))
            if fields.contains(where: { !$0.isEmpty }) { rows.append((start, fields)) }
            (fields, field, start) = ([], "", line + 1)
        }
        while let scalar = next {
            next = scalars.next()
            switch scalar {
            case "\"" where isQuoted && next == "\"":
                field.append("\"")
                next = scalars.next()
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                fields.append(field.trimmingCharacters(in: .whitespaces))
                field = ""
            case "\r" where !isQuoted: continue
            case "\n":
                if isQuoted { field.append("\n") } else { endRow() }
                line += 1
            default: field.unicodeScalars.append(scalar)
            }
        }
        endRow()
        return rows
    }
}
