import LeaseModel
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("Tables")
struct TableTests {
    @Test func listAsOpenStackDrawsIt() throws {
        #expect(
            try listText(.table) == """
                +--------------------------------------+-------------------------+--------+------------------+--------------+
                | id                                   | name                    | amount | start_date (UTC) | Lease Status |
                +--------------------------------------+-------------------------+--------+------------------+--------------+
                | 5a7e0a3e-77a2-4d4c-9ec4-4e9d8f2f3d11 | training                |      2 | 2026-11-22 17:14 | ACTIVE       |
                | 91bd6e50-0000-4a55-8f3e-111111111111 | mit Ümläuten und 日本語 |     15 |                  | ERROR        |
                +--------------------------------------+-------------------------+--------+------------------+--------------+

                """)
    }

    @Test func narrowTerminalCutsNamesButNotIdentifiers() throws {
        let text = try listText(.table, columns: ["id", "name", "status"], width: 70)
        #expect(
            text == """
                +--------------------------------------+--------------+--------------+
                | id                                   | name         | Lease Status |
                +--------------------------------------+--------------+--------------+
                | 5a7e0a3e-77a2-4d4c-9ec4-4e9d8f2f3d11 | training     | ACTIVE       |
                | 91bd6e50-0000-4a55-8f3e-111111111111 | mit Ümläute… | ERROR        |
                +--------------------------------------+--------------+--------------+

                """)
        #expect(text.split(separator: "\n").allSatisfy { TextWidth.columns($0) <= 70 })
    }

    @Test func tableFarTooWideKeepsItsColumns() throws {
        let text = try listText(.table, columns: ["id", "name"], width: 10)
        #expect(text.contains("| 5a7e0a3e-77a2-4d4c-9ec4-4e9d8f2f3d11 | training |"))
        #expect(text.contains("| mit Üml… |"))
    }

    @Test func emptyListIsAnEmptyLine() throws {
        #expect(try listText(.table, of: []) == "\n")
    }

    @Test func statusesAreColouredWithoutBreakingTheBorders() throws {
        let text = try listText(.table, columns: ["status"], color: true)
        #expect(text.contains("| \u{1B}[32mACTIVE\u{1B}[0m       |\n"))
        #expect(text.contains("| \u{1B}[31mERROR\u{1B}[0m        |\n"))
        #expect(try !listText(.table, columns: ["status"]).contains("\u{1B}"))
    }

    @Test func timesAreInTheZoneThatTheHeadNames() throws {
        let text = try listText(.table, of: [SampleRow()], columns: ["start_date"], zone: berlin)
        #expect(text.contains("| start_date (Europe/Berlin) |"))
        #expect(text.contains("| 2026-11-22 18:14           |"))
    }

    @Test func showAsOpenStackDrawsIt() throws {
        #expect(
            try showText(.table, columns: ["name", "start_date", "length", "reservations"], zone: berlin) == """
                +--------------+-------------------------+
                | Field        | Value                   |
                +--------------+-------------------------+
                | name         | training                |
                | start_date   | 2026-11-22 18:14 +01:00 |
                | length       | 6 d 23 h                |
                | reservations | - id: r1                |
                |              |   min: 1                |
                +--------------+-------------------------+

                """)
    }

    @Test func showWrapsWhatIsTooLong() throws {
        let row = SampleRow(name: "one two three four five sixsixsixsixsixsixsix")
        #expect(
            try showText(.table, of: row, columns: ["name"], width: 25) == """
                +-------+---------------+
                | Field | Value         |
                +-------+---------------+
                | name  | one two three |
                |       | four five     |
                |       | sixsixsixsixs |
                |       | ixsixsix      |
                +-------+---------------+

                """)
    }

    @Test func hostileTextCannotReachTheTerminal() throws {
        let row = SampleRow(
            name: "a\u{1B}[2J\nb\r\u{9B}31m\u{202E}c\u{7}", status: "ACT\u{1B}IVE",
            reservations: [["x": "\u{202E}\u{1B}"]])
        for text in [
            try listText(.table, of: [row]),
            try showText(.table, of: row, columns: ["name", "status", "reservations"]),
            try listText(.value, of: [row]), try showText(.value, of: row),
        ] {
            let unsafe = text.unicodeScalars.filter { $0.properties.generalCategory == .control && $0 != "\n" }
            #expect(unsafe.isEmpty)
            #expect(!text.unicodeScalars.contains("\u{202E}"))
        }
        #expect(try listText(.table, of: [row]).split(separator: "\n").count == 5)
        #expect(try listText(.value, of: [row]).split(separator: "\n").count == 1)
    }

    @Test func widthsAreSharedFairly() {
        #expect(TableLayout.fit([10, 50, 30], canShrink: [true, true, true], into: nil) == [10, 50, 30])
        #expect(TableLayout.fit([10, 50, 30], canShrink: [true, true, true], into: 61) == [10, 21, 20])
        #expect(TableLayout.fit([10, 50, 30], canShrink: [false, true, false], into: 80) == [10, 30, 30])
        #expect(TableLayout.fit([10, 50], canShrink: [false, false], into: 20) == [10, 50])
        #expect(TableLayout.fit([3, 500_000], canShrink: [true, true], into: 40) == [3, 30])
    }
}
