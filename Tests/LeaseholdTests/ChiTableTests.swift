import CloudFixtures
import Foundation
import LeaseModel
import Leasehold
import Testing

@Suite("The table of chi.lease's names")
struct ChiTableTests {
    /// One row of the article: python-chi's name, and the Swift names beside it.
    struct Row: Sendable, Hashable {
        let chi: String
        let swift: String
    }

    private static func text(_ path: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    private static func table() throws -> [Row] {
        try text("Sources/Leasehold/Leasehold.docc/ChiLease.md").split(separator: "\n").compactMap { line in
            guard line.hasPrefix("| `") else { return nil }
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return Row(chi: cells[0].filter { $0 != "`" }, swift: cells[1].filter { $0 != "`" })
        }
    }

    /// The names on the documentation page of python-chi's module.
    private static func seed() throws -> [String] {
        var names: [String] = []
        var isInClass = false
        var isType = false
        for line in try text("Tests/Fixtures/chi/chi.lease.txt").split(separator: "\n") {
            defer { isType = line == "Type:" }
            // An attribute's type is a bare word, like an attribute.
            if isType { continue }
            if line.hasPrefix("class chi.lease.Lease(") {
                isInClass = true
                names.append("Lease")
            } else if let match = line.firstMatch(of: /^chi\.lease\.([a-z_]+)\(/) {
                isInClass = false
                names.append(String(match.1))
            } else if isInClass, let match = line.firstMatch(of: /^([a-z_]+)(\(.*\[source\])?$/) {
                names.append("Lease.\(match.1)")
            }
        }
        return names
    }

    @available(*, deprecated)
    @Test("Every name of the page has a row, and every row has code that runs")
    func complete() throws {
        let table = try Self.table()
        let seed = try Self.seed()
        #expect(seed.count == 41)
        #expect(Set(table.map(\.chi)).count == table.count)
        #expect(Set(seed).subtracting(table.map(\.chi)) == [])
        let tried = ChiRows.all.map { Row(chi: $0.chi, swift: $0.swift) }
        #expect(Set(table).symmetricDifference(tried) == [])
        #expect(tried.count == table.count)
    }

    @available(*, deprecated)
    @Test("Every row does what it says", arguments: ((try? table()) ?? []).map(\.chi))
    func row(_ name: String) async throws {
        let row = try #require(ChiRows.all.first { $0.chi == name }, "the row \(name) has no test")
        try await LeaseLab.with(row.dialect) { lab async throws in
            try await lab.manager.sync()
            try await row.check(lab)
        }
    }
}
