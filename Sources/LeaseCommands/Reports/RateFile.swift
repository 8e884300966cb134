import Foundation
import LeaseModel
import LeaseReports
import LeaseText
import LocalFiles
import Output

/// A table of rates in a CSV file.
struct RateFile {
    private struct Line {
        let number: Int
        let rate: ServiceUnitRate
    }

    private let path: String
    private let zone: DisplayZone
    private let now: Timestamp
    private var lines: [Line] = []

    private static let columns = ["resource_type", "node_type", "rate", "from", "to"]
    /// The names of the columns in the policy file.
    private static let otherNames = [
        "until": "to", "su_per_hour": "rate", "flavor": "node_type", "machine_name": "node_type",
    ]

    /// Parses the file.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - console: provides the current folder and the time.
    ///   - zone: the zone of times that name none.
    /// - Throws: ``CommandError`` that names the line and what is wrong with it.
    init(reading path: String, _ console: Console, zone: DisplayZone) throws(CommandError) {
        self.path = path
        self.zone = zone
        now = console.now()
        let full = path.hasPrefix("/") ? path : "\(console.currentDirectory)/\(path)"
        let bytes: [UInt8]
        do {
            bytes = try InputFile.bytes(of: full)
        } catch {
            throw CommandError(
                code: "not_found",
                message: "The table of rates \(path) cannot be read (\(error.clause)). Check the name and its "
                    + "permissions.",
                status: .notFound)
        }
        var rows = CSVText.rows(String(decoding: bytes, as: UTF8.self))
        guard !rows.isEmpty else { throw invalid("is empty") }
        let head = rows.removeFirst().fields.map { $0.lowercased() }
        try check(head)
        guard !rows.isEmpty else { throw invalid("has no line below the names of its columns") }
        for row in rows {
            guard row.fields.count <= head.count else {
                throw invalid(
                    "has \(row.fields.count) fields in line \(row.line), more than it has columns (\(head.count))")
            }
            let fields = Dictionary(zip(head, row.fields)) { first, _ in first }
            lines.append(Line(number: row.line, rate: try rate(fields, number: row.line)))
        }
    }

    /// Rejects unknown columns. A misspelled column would have no effect, and a rate without its end would apply
    /// forever.
    private func check(_ head: [String]) throws(CommandError) {
        let known = "Known: \(Self.columns.joined(separator: ", "))"
        for (index, column) in head.enumerated() {
            guard Self.columns.contains(column) else {
                let suggestion = Self.suggestion(
                    Self.otherNames[column] ?? Suggestion.nearest(to: column, in: Self.columns))
                throw invalid("has the unknown column '\(column.escapedForTerminal)'\(suggestion). \(known)")
            }
            guard !head[..<index].contains(column) else { throw invalid("has two columns '\(column)'") }
        }
        for column in ["resource_type", "rate"] where !head.contains(column) {
            throw invalid("has no column '\(column)'. \(known)")
        }
    }

    private static func suggestion(_ name: String?) -> String { name.map { " (did you mean '\($0)'?)" } ?? "" }

    /// Makes a table from the lines.
    ///
    /// - Parameter isReserved: whether a type was ever reserved. If so, the type exists although the mirror does not
    ///   list it.
    /// - Returns: the table.
    /// - Throws: ``CommandError`` for lines that contradict each other and for types that do not exist, or the error of
    ///   `isReserved`.
    func table(isReserved: (ResourceType) throws -> Bool) throws -> RateTable {
        var existing = Set(ResourceType.shortNames.map(\.type))
        let names = existing.map(\.rawValue).sorted() + ResourceType.shortNames.map(\.name)
        for line in lines {
            let type = line.rate.resourceType
            guard existing.insert(type).inserted, try !isReserved(type) else { continue }
            let suggestion = Self.suggestion(Suggestion.nearest(to: type.rawValue, in: names))
            throw invalid(
                "is for '\(type.rawValue.escapedForTerminal)' in line \(line.number), which is not a known type of "
                    + "reservation, and which no lease has\(suggestion)")
        }
        do {
            return try RateTable(lines.map(\.rate))
        } catch {
            throw invalid(RateSentence(zone: zone).sentence(error))
        }
    }

    private func rate(_ fields: [String: String], number: Int) throws(CommandError) -> ServiceUnitRate {
        guard let type = fields["resource_type"], !type.isEmpty else {
            throw invalid("names no resource_type in line \(number)")
        }
        guard let rate = fields["rate"].flatMap(Double.init), rate >= 0, rate.isFinite else {
            throw invalid("has no number of 0 or more as rate in line \(number)")
        }
        let kind = fields["node_type"].flatMap { $0.isEmpty ? nil : $0 }
        return ServiceUnitRate(
            resourceType: ResourceType(named: type), kind: kind, serviceUnitsPerHour: rate,
            from: try moment(fields["from"], number), until: try moment(fields["to"], number))
    }

    private func moment(_ text: String?, _ number: Int) throws(CommandError) -> Timestamp? {
        guard let text, !text.isEmpty else { return nil }
        do {
            return try TimeArgument(parsing: text).moment(now: now, zone: zone)
        } catch {
            throw invalid("has no time that can be read in line \(number): \(error)")
        }
    }

    private func invalid(_ problem: String) -> CommandError {
        CommandError(code: "invalid", message: "The table of rates \(path) \(problem).", status: .data)
    }
}

/// Describes what is wrong with rates.
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

/// Parses comma-separated values according to RFC 4180.
enum CSVText {
    /// The rows that are not empty, each with the number of its first line.
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
