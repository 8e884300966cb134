import LeaseModel
import LeaseText
import Testing
import Yams

@testable import LeaseCommands
@testable import Output

@Suite("JSON, YAML, CSV and plain values")
struct StructuredFormatTests {
    @Test func jsonListHoldsEveryField() throws {
        #expect(
            try listText(.json) == """
                [
                  {
                    "id": "5a7e0a3e-77a2-4d4c-9ec4-4e9d8f2f3d11",
                    "name": "training",
                    "amount": 2,
                    "start_date": "2026-11-22T17:14:00Z",
                    "status": "ACTIVE",
                    "degraded": false,
                    "reservations": [
                      {
                        "id": "r1",
                        "min": 1
                      }
                    ]
                  },
                  {
                    "id": "91bd6e50-0000-4a55-8f3e-111111111111",
                    "name": "mit Ümläuten und 日本語",
                    "amount": 15,
                    "start_date": null,
                    "status": "ERROR",
                    "degraded": true,
                    "reservations": []
                  }
                ]

                """)
    }

    @Test func jsonIsReadBackAsItWas() throws {
        let row = SampleRow(name: "\"\\\n\u{1B}\u{0}, =1\u{2028}")
        let parsed = try JSONValue(parsing: Array(try listText(.json, of: [row]).utf8))
        #expect(parsed.arrayValue?.first?["name"]?.stringValue == row.name)
        #expect(try JSONValue(parsing: Array(showText(.json, of: row).utf8))["name"]?.stringValue == row.name)
        #expect(try !listText(.json, of: [row]).contains("\u{1B}"))
    }

    private static let emptyListCases: [(OutputFormat, String)] = [
        (OutputFormat.json, "[]\n"), (.yaml, "[]\n"), (.csv, "id,name\n"), (.value, ""),
    ]

    @Test(arguments: emptyListCases)
    func emptyList(format: OutputFormat, expected: String) throws {
        #expect(try listText(format, of: [], columns: ["id", "name"]) == expected)
    }

    @Test func jsonShowIsAnObject() throws {
        #expect(
            try showText(.json, columns: ["status", "length", "name"]) == """
                {
                  "status": "ACTIVE",
                  "length": 601200,
                  "name": "training"
                }

                """)
    }

    @Test func yamlListIsOneSequence() throws {
        let text = try listText(.yaml, columns: ["name", "amount", "start_date", "degraded", "reservations"])
        #expect(
            text == """
                - name: training
                  amount: 2
                  start_date: '2026-11-22T17:14:00Z'
                  degraded: false
                  reservations:
                  - id: r1
                    min: 1
                - name: mit Ümläuten und 日本語
                  amount: 15
                  start_date: null
                  degraded: true
                  reservations: []

                """)
    }

    private static let yamlTextStaysTextCases: [String] = [
        "yes", "null", "12", "1e3", "~", "- a", "a: b", "#c", "\u{1B}[2J\nx", "2026-11-22", "", " a ", "'\"",
    ]

    @Test(arguments: yamlTextStaysTextCases)
    func yamlTextStaysText(name: String) throws {
        let text = try listText(.yaml, of: [SampleRow(name: name), SampleRow(name: name)], columns: ["name"])
        let read = try #require(try Yams.load(yaml: text) as? [[String: Any]])
        #expect(read.compactMap { $0["name"] as? String } == [name, name])
        #expect(!text.contains("\u{1B}"))
    }

    @Test func csvIsQuotedAndEndedAsTheStandardSays() throws {
        let row = SampleRow(name: "a \"b\", c\nd")
        #expect(
            try listText(.csv, of: [row], columns: ["name", "amount", "start_date", "reservations", "length"])
                == "name,amount,start_date,reservations,length\n"
                + "\"a \"\"b\"\", c\nd\",2,2026-11-22T17:14:00Z,\"[{\"\"id\"\": \"\"r1\"\", \"\"min\"\": 1}]\",601200\n"
        )
        #expect(try showText(.csv, of: row, columns: ["amount"]) == "amount\n2\n")
    }

    private static let csvRunsNoFormulaCases: [(String, String)] = [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"),
        ("\rx", "\"'\rx\""), ("=A1,B1", "\"'=A1,B1\""), ("a=b", "a=b"), ("", "\"\""), (" x", "\" x\""),
    ]

    @Test(arguments: csvRunsNoFormulaCases)
    func csvRunsNoFormula(name: String, field: String) throws {
        for cell in [Cell.text(name), .status(name), .json(.string(name))] {
            #expect(try csv(cell, isSpreadsheetSafe: true) == field)
        }
    }

    @Test("CSV has every value unchanged, unless it is for a spreadsheet", arguments: csvRunsNoFormulaCases)
    func csvKeepsValues(name: String, field: String) throws {
        let written = try csv(.text(name), isSpreadsheetSafe: false)
        let value = written.hasPrefix("\"") ? String(written.dropFirst().dropLast()) : written
        #expect(value == name)
    }

    @Test func csvLeavesNumbersAlone() throws {
        #expect(try csv(.number(-5), isSpreadsheetSafe: true) == "-5")
        #expect(try csv(.duration(seconds: -60), isSpreadsheetSafe: true) == "-60")
        #expect(try csv(.json(JSONValue(-5)), isSpreadsheetSafe: true) == "-5")
    }

    /// A cell in CSV, between two others.
    private func csv(_ cell: Cell, isSpreadsheetSafe: Bool) throws -> String {
        let heads = ["a", "b", "c"].map { ColumnHead(key: $0) }
        var renderer = CSVRenderer(heads: heads, isSpreadsheetSafe: isSpreadsheetSafe)
        var output: [UInt8] = []
        renderer.row([.number(1), cell, .number(2)], to: &output)
        let text = String(decoding: output, as: UTF8.self)
        let line = try #require(text.firstRange(of: "a,b,c\n1,"))
        return String(text[line.upperBound...].dropLast(3))
    }

    @Test func csvLineOfOneMissingValueIsNotEmpty() throws {
        #expect(try listText(.csv, of: [SampleRow(startsAt: nil)], columns: ["start_date"]) == "start_date\n\"\"\n")
    }

    @Test func valuesAsOpenStackWritesThem() throws {
        #expect(
            try listText(.value, columns: ["name", "amount", "start_date", "degraded"]) == """
                training 2 2026-11-22T17:14:00Z False
                mit Ümläuten und 日本語 15 None True

                """)
        #expect(try showText(.value, columns: ["id", "amount"]) == "5a7e0a3e-77a2-4d4c-9ec4-4e9d8f2f3d11\n2\n")
    }

    @Test func programsGetTimesInUTC() throws {
        for format in [OutputFormat.json, .yaml, .csv, .value] {
            #expect(try listText(format, of: [SampleRow()], zone: berlin).contains("2026-11-22T17:14:00Z"))
        }
    }

    @Test func rowsAreWrittenAsTheyCome() throws {
        for format in [OutputFormat.json, .yaml, .csv, .value] {
            let selection = try ColumnSelection(from: SampleRow.columns, format: format)
            var output = ListOutput(selection: selection, style: OutputStyle(format: format))
            var sink = TextBuffer()
            try output.write(SampleRow(), to: &sink)
            #expect(sink.text.contains("training"), "\(format)")
        }
    }
}
