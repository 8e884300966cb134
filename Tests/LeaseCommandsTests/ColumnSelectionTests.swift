import LeaseModel
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("Columns and order")
struct ColumnSelectionTests {
    private func keys(_ names: [String], _ format: OutputFormat = .table) throws -> [String] {
        try ColumnSelection(from: SampleRow.columns, names: names, format: format).columns.map(\.key)
    }

    @Test func formatChoosesWhenNothingIsAskedFor() throws {
        #expect(try keys([]) == ["id", "name", "amount", "start_date", "status"])
        #expect(try keys([], .csv) == ["id", "name", "amount", "start_date", "status"])
        #expect(try keys([], .json).contains("reservations"))
        #expect(try !keys([], .json).contains("length"))
    }

    @Test(arguments: OutputFormat.allCases)
    func askedForInOrder(format: OutputFormat) throws {
        #expect(try keys(["status", "id", "status", "length"], format) == ["status", "id", "length"])
    }

    @Test func titlesAndSpacesAndCaseServe() throws {
        #expect(try keys(["Lease Status", "START DATE", "start-date", "Id"]) == ["status", "start_date", "id"])
    }

    @Test func unknownColumnIsAnErrorThatHelps() {
        let error = #expect(throws: UnknownColumnError.self) { try keys(["start_dat"]) }
        #expect(error?.exitStatus == .usage)
        #expect(
            error?.description == "There is no column 'start_dat'. Did you mean 'start_date'? "
                + "Columns: id, name, amount, start_date, status, degraded, length, reservations.")
        let hostile = #expect(throws: UnknownColumnError.self) { try keys(["\u{1B}[2J"]) }
        #expect(hostile?.description.contains("\u{1B}") == false)
        #expect(hostile?.description.contains("mean") == false)
        #expect(throws: UnknownColumnError.self) {
            try ColumnSelection(from: SampleRow.columns, sort: [SortKey(column: "nope")], format: .json)
        }
    }

    private func names(_ rows: [SampleRow], _ sort: String...) throws -> [String] {
        try listText(.value, of: rows, columns: ["name"], sort: sort.compactMap(SortKey.init(argument:)))
            .split(separator: "\n").map(String.init)
    }

    @Test func sortsByValueNotByText() throws {
        let rows = [("c", 10), ("a", 9), ("b", nil), ("B", 100)].map { SampleRow(name: $0, amount: $1) }
        #expect(try names(rows) == ["c", "a", "b", "B"])
        #expect(try names(rows, "amount") == ["a", "c", "B", "b"])
        #expect(try names(rows, "-amount") == ["B", "c", "a", "b"])
        #expect(try names(rows, "name") == ["a", "B", "b", "c"])
        #expect(try names(rows, "name:desc") == ["c", "b", "B", "a"])
    }

    @Test func tiesKeepTheirOrderOrAreBroken() throws {
        let rows = [("x", "2026-01-02"), ("y", "2026-01-01"), ("w", "2026-01-02")].map {
            SampleRow(name: $0, startsAt: Timestamp(parsing: $1))
        }
        #expect(try names(rows, "start_date") == ["y", "x", "w"])
        #expect(try names(rows, "-start_date", "name") == ["w", "x", "y"])
        #expect(try names(rows, "status") == ["x", "y", "w"])
    }

    @Test func sortKeysAsTyped() {
        #expect(SortKey(argument: "-end_date") == SortKey(column: "end_date", isDescending: true))
        #expect(SortKey(argument: "name:ASC") == SortKey(column: "name"))
        #expect(SortKey(argument: "-") == nil)
        #expect(SortKey(argument: ":desc") == nil)
    }
}
