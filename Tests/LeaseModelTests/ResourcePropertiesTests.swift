import CaptureFixtures
import LeaseModel
import Testing

@Suite("Requirements of reservations")
struct ResourcePropertiesTests {
    private static let skylake = ResourceCondition("node_type", .equal, "compute_skylake")
    private static let large = ResourceCondition("main_memory.ram_size", .greaterOrEqual, "128")

    // MARK: - Reading and writing

    @Test("Requirements are written as by Python's json.dumps")
    func text() {
        #expect(ResourceProperties().text == "[]")
        #expect(ResourceProperties([Self.skylake]).text == #"["==", "$node_type", "compute_skylake"]"#)
        #expect(
            ResourceProperties([Self.skylake, Self.large]).text
                == #"["and", ["==", "$node_type", "compute_skylake"], [">=", "$main_memory.ram_size", "128"]]"#)
        let odd: ResourceProperties = [
            ResourceCondition("a", .notEqual, "é\u{1F680}\u{7F}\u{8}\u{C}\n\t\r\"\\\u{1}/ ")
        ]
        #expect(
            odd.text == #"["!=", "$a", "\u00e9\ud83d\ude80\u007f\b\f\n\t\r\"\\\u0001/ "]"#)
        #expect(ResourceProperties([ResourceCondition("a", .greater, 40)]).text == #"[">", "$a", 40]"#)
    }

    @Test(
        "Requirements survive a round trip",
        arguments: [
            "[]", #"["==", "$a", "x"]"#, #"["=", "$a", "x"]"#, #"["and", ["==", "$a", "x"]]"#,
            #"["and", ["<", "$a.b", "10"], ["!=", "$c", "y"], ["<=", "$d", "z"]]"#, #"[">", "$a", 4.50]"#,
            #"["==", "$gpu.gpu", true]"#,
        ])
    func roundTrip(_ text: String) throws {
        #expect(try ResourceProperties(parsing: text).text == text)
    }

    @Test("An empty text requires nothing, and nested conditions are read as one list")
    func flat() throws {
        #expect(try ResourceProperties(parsing: "").isEmpty)
        let nested = #"["and", ["and", ["==", "$a", "1"], ["==", "$b", "2"]], ["==", "$c", "3"]]"#
        #expect(try ResourceProperties(parsing: nested).conditions.map(\.property) == ["a", "b", "c"])
    }

    @Test(
        "Requirements that Blazar would not understand are refused with a reason",
        arguments: [
            (#"["or", ["==", "$a", "1"], ["==", "$a", "2"]]"#, "'and', nothing else"),
            (#"["not", ["==", "$a", "1"]]"#, "'and', nothing else"), (#"["~", "$a", "1"]"#, "\"~\""),
            (#"["==", "a", "1"]"#, "with a $ before it"), (#"["==", "$", "1"]"#, "with a $ before it"),
            (#"["==", "$a", ""]"#, "a string to compare with"), (#"["==", "$a", null]"#, "a string to compare with"),
            (#"["==", "$a", ["1"]]"#, "a string to compare with"), (#"["==", "$a"]"#, "a property and a value"),
            (#"["and"]"#, "without conditions"), (#"["and", "x"]"#, "where a condition belongs"),
            (#"["and", []]"#, "nothing"), (#"{"a": 1}"#, "which is not a list"), ("abc", "not JSON"),
        ])
    func refusals(_ text: String, _ word: String) {
        let error = #expect(throws: DraftError.self) { try ResourceProperties(parsing: text) }
        #expect(error?.field == "resource_properties")
        #expect(error?.problem.contains(word) == true, "\(error?.problem ?? "")")
    }

    @Test("Deep nesting is refused, however it arrives")
    func deep() {
        let text = String(repeating: #"["and", "#, count: 100_000) + "[]" + String(repeating: "]", count: 100_000)
        #expect(throws: DraftError.self) { try ResourceProperties(parsing: text) }
        var value: JSONValue = ["==", "$a", "1"]
        for _ in 0..<100 { value = ["and", value] }
        #expect(throws: DraftError.self) { try ResourceProperties(json: value) }
    }

    @Test("Blazar's own verdicts agree: what it called malformed is refused, and what it accepted is read")
    func captures() throws {
        var (taken, malformed) = (0, 0)
        for capture in Capture.all where capture.method == "POST" && capture.path == "/v1/leases" {
            guard let body = try? JSONValue(parsing: capture.requestBody),
                let reservations = body["reservations"]?.arrayValue
            else { continue }
            let texts = reservations.compactMap { $0["resource_properties"]?.stringValue }
            let words = String(decoding: capture.body, as: UTF8.self)
            if capture.status == 201 {
                taken += texts.count
                for text in texts {
                    #expect(throws: Never.self, "\(capture.name)") { try ResourceProperties(parsing: text) }
                }
            } else if words.contains("Malformed requirements"), let text = texts.first {
                malformed += 1
                #expect(throws: DraftError.self, "\(capture.name)") { try ResourceProperties(parsing: text) }
            }
        }
        #expect(taken > 20)
        #expect(malformed > 3)
    }

    @Test("Damaged text never crashes, and whatever is read survives a round trip")
    func fuzz() throws {
        var random = SeededRandom(seed: 5)
        let seed = Array(#"["and", ["==", "$node_type", "x"], [">", "$a.b", 4]]"#.utf8)
        var read = 0
        for _ in 0..<3_000 {
            let text = String(decoding: seed.mutated(using: &random), as: UTF8.self)
            guard let properties = try? ResourceProperties(parsing: text) else { continue }
            read += 1
            #expect(try ResourceProperties(parsing: properties.text) == properties)
        }
        #expect(read > 50)
    }

    // MARK: - Combining

    @Test("Given requirements are joined with 'and'; a single implied condition stays as it is")
    func combining() {
        let given: ResourceProperties = [Self.large]
        #expect(ResourceProperties.combining(nil, with: []).text == "[]")
        #expect(ResourceProperties.combining([], with: [Self.skylake]) == [Self.skylake])
        #expect(
            ResourceProperties.combining(given, with: []).text == #"["and", [">=", "$main_memory.ram_size", "128"]]"#)
        #expect(ResourceProperties.combining(given, with: [Self.skylake]).conditions == [Self.large, Self.skylake])
    }

    @Test("Numbers and booleans become text, each with a warning that names it")
    func texts() {
        let given: ResourceProperties = [
            ResourceCondition("a", .greater, 40), Self.skylake, ResourceCondition("gpu.gpu", .equal, true),
        ]
        let (properties, warnings) = given.withTextValues()
        #expect(
            properties.text
                == #"["and", [">", "$a", "40"], ["==", "$node_type", "compute_skylake"], ["==", "$gpu.gpu", "True"]]"#)
        #expect(warnings.count == 2)
        #expect(warnings.first?.contains("$a") == true && warnings.last?.contains("\"True\"") == true)
        #expect(properties.withTextValues().warnings.isEmpty)
    }

    // MARK: - Evaluation

    private static let host: JSONObject = [
        "vcpus": 32, "hypervisor_hostname": "Node-1", "node_type": "compute_skylake", "main_memory.ram_size": "64",
        "gone": nil,
    ]

    struct Verdict: Sendable {
        let condition: ResourceCondition
        let holds: Bool?
        init(_ property: String, _ comparison: ResourceCondition.Comparison, _ value: JSONValue, _ holds: Bool?) {
            condition = ResourceCondition(property, comparison, value)
            self.holds = holds
        }
    }

    @Test(
        "Conditions hold as in Blazar: columns by the database, added properties as text",
        arguments: [
            Verdict("vcpus", .equal, "32", true), Verdict("vcpus", .greater, "4", true),
            Verdict("vcpus", .less, "100", true), Verdict("vcpus", .equal, "32 cores", true),
            Verdict("vcpus", .greaterOrEqual, "many", true), Verdict("vcpus", .notEqual, 32, false),
            Verdict("hypervisor_hostname", .equal, "node-1", true),
            Verdict("hypervisor_hostname", .less, "NODE-2", true),
            Verdict("node_type", .same, "compute_skylake", true),
            Verdict("node_type", .equal, "Compute_skylake", false),
            Verdict("node_type", .notEqual, "gpu", true),
            // As text, 64 is greater than 128.
            Verdict("main_memory.ram_size", .greaterOrEqual, "128", true),
            Verdict("main_memory.ram_size", .lessOrEqual, "64", true), Verdict("missing", .equal, "x", nil),
            Verdict("gone", .equal, "x", nil),
        ])
    func conditions(_ verdict: Verdict) {
        #expect(verdict.condition.matches(Self.host) == verdict.holds)
    }

    @Test("A failing condition decides; an unknown one leaves the result open")
    func conjunction() {
        let unknown = ResourceCondition("missing", .equal, "x")
        let wrong = ResourceCondition("node_type", .equal, "gpu")
        #expect(ResourceProperties().matches(Self.host) == true)
        #expect(ResourceProperties([Self.skylake]).matches(Self.host) == true)
        #expect(ResourceProperties([Self.skylake, unknown]).matches(Self.host) == nil)
        #expect(ResourceProperties([unknown, wrong]).matches(Self.host) == false)
    }

    @Test("A property's value is required if '==' asks for exactly one")
    func requiredValues() {
        #expect(ResourceProperties([Self.skylake, Self.large]).requiredValue(of: "node_type") == "compute_skylake")
        #expect(ResourceProperties([Self.large]).requiredValue(of: "main_memory.ram_size") == nil)
        let two = ResourceProperties([Self.skylake, ResourceCondition("node_type", .same, "gpu")])
        #expect(two.requiredValue(of: "node_type") == nil)
    }
}
