import LeaseModel
import Testing

/// Objects with a hundred thousand members: quadratic algorithms would exceed the time limit.
@Suite("Large JSON objects", .timeLimit(.minutes(5)))
struct LargeObjectTests {
    private static let count = 100_000

    private static func object(_ value: Int = 0, backwards: Bool = false) -> JSONObject {
        let numbers = backwards ? Array((0..<count).reversed()) : Array(0..<count)
        return JSONObject(numbers.map { ("member-\($0)", JSONValue($0 == count / 2 ? value : $0)) })
    }

    @Test("A repeated name keeps its place and has its last value")
    func repeated() throws {
        let members = (0..<Self.count).map { "\"member-\($0)\":\($0)" } + ["\"member-1\":\"last\""]
        let parsed = try JSONValue(parsing: "{" + members.joined(separator: ",") + "}").objectValue
        #expect(parsed?.count == Self.count)
        #expect(parsed?.members[1].value == "last")
        let all = Array(repeating: "\"a\":1", count: Self.count) + ["\"a\":2"]
        #expect(try JSONValue(parsing: "{" + all.joined(separator: ",") + "}") == ["a": 2])
    }

    @Test("Comparing does not depend on the order")
    func comparing() {
        let object = Self.object()
        #expect(object == Self.object(backwards: true))
        #expect(object != Self.object(-1, backwards: true))
        #expect(object != Self.object(-1))
        #expect(object.hashValue == Self.object(backwards: true).hashValue)
    }

    @Test("Merging replaces existing members and appends new ones")
    func merging() {
        let merged = Self.object().merging(JSONObject([("new", 1), ("member-3", "set")]))
        #expect(merged.count == Self.count + 1)
        #expect(merged.members[3].value == "set")
        #expect(merged.keys.last == "new")
        #expect(Self.object().merging(Self.object(-1, backwards: true)) == Self.object(-1))
    }

    @Test("A lease with many unknown fields is read, written and compared")
    func lease() throws {
        var json = Self.object()
        json.merge([
            "id": "l", "name": "n", "user_id": "u", "project_id": "p", "start_date": "2026-11-22T17:14:00.000000",
            "end_date": "2026-11-23T17:14:00.000000", "status": "ACTIVE", "reservations": [], "events": [],
        ])
        let old = try BlazarLease(json: json)
        json["member-7"] = "changed"
        let new = try BlazarLease(json: json)
        #expect(LeaseChange.differences(from: old, to: old).isEmpty)
        #expect(LeaseChange.differences(from: old, to: new).map(\.name) == ["member-7"])
        #expect(try BlazarLease(json: new.json()) == new)
    }

    @Test("Small and large objects follow the same rules", arguments: [1, 31, 32, 33, 34, 70])
    func sizes(count: Int) throws {
        let pairs = (0..<count).map { ("k\($0 % max(1, count - 3))", JSONValue($0)) }
        var byHand = JSONObject()
        for (name, value) in pairs { byHand[name] = value }
        let made = JSONObject(pairs)
        #expect(made.keys == byHand.keys)
        #expect(made == byHand)
        let text = "{" + pairs.map { "\"\($0)\":\($1.text())" }.joined(separator: ",") + "}"
        let parsed = try #require(JSONValue(parsing: text).objectValue)
        #expect(parsed.keys == byHand.keys)
        #expect(parsed == byHand)
    }
}
