import BlazarClient
import CaptureFixtures
import LeaseModel
import Testing

@Suite struct LeaseListCutterTests {
    /// The slices that the cutter makes of a body that arrives in parts of the given size.
    static func cut(_ body: [UInt8], partSize: Int) throws(LeaseListError) -> [LeaseSlice] {
        var cutter = LeaseListCutter()
        var slices: [LeaseSlice] = []
        for start in stride(from: 0, to: body.count, by: partSize) {
            slices += try cutter.consume(Array(body[start..<min(start + partSize, body.count)]))
        }
        try cutter.finish()
        #expect(cutter.leaseCount == slices.count)
        #expect(cutter.byteCount == body.count)
        return slices
    }

    static func cut(_ text: String, partSize: Int = 1 << 20) throws(LeaseListError) -> [LeaseSlice] {
        try cut(Array(text.utf8), partSize: partSize)
    }

    static let lists = Capture.all.filter { capture in
        capture.status == 200 && capture.method == "GET" && capture.path.hasPrefix("/v1/leases")
            && capture.body.starts(with: Array("{\"leases\"".utf8))
    }

    static let repeatedIDs = [
        #"{"id": "a", "id": "b"}"#, #"{"id": "a", "x": {"id": "c"}, "id": "b"}"#, #"{"id": "b", "id": 7, "id": "b"}"#,
        #"{"id": "a", "i\u0064": "b"}"#, #"{"id": "a", "\u0069d": "b"}"#, #"{"\u0069\u0064": "b"}"#,
        #"{"id": "a", "name": "id", "id": "b"}"#, #"{"id": "b", "name": "id"}"#,
        #"{"id": "b", "x": ["id", {"id": "z"}]}"#,
    ]

    @Test(
        "For a repeated id, the cutter and the parser agree", arguments: repeatedIDs, [1, 2, 3, 7, 1_000])
    func repeatedID(text: String, partSize: Int) throws {
        let body = Array("{\"leases\": [\(text)]}".utf8)
        var cutter = LeaseListCutter()
        var slices: [LeaseSlice] = []
        for start in stride(from: 0, to: body.count, by: partSize) {
            slices += try cutter.consume(Array(body[start..<min(start + partSize, body.count)]))
        }
        try cutter.finish()
        #expect(slices.map(\.id) == ["b"])
        #expect(try JSONValue(parsing: text)["id"]?.stringValue == "b")
    }

    @Test func cutsEveryCapturedListAsItsDecoderReadsIt() throws {
        #expect(Self.lists.count >= 15)
        for capture in Self.lists {
            let leases = try #require(try JSONValue(parsing: capture.body)["leases"]?.arrayValue)
            for partSize in [1, 7, 64, 4_096, 1 << 20] {
                let slices = try Self.cut(capture.body, partSize: partSize)
                #expect(slices.map(\.id) == leases.map { $0["id"]?.stringValue }, "\(capture.name)")
                #expect(try slices.map { try JSONValue(parsing: $0.bytes) } == leases, "\(capture.name)")
                #expect(slices.map(\.digest) == slices.map { ContentDigest.digest(of: $0.bytes) })
            }
        }
    }

    @Test(arguments: [
        #"{"leases":[]}"#, " \n{ \"leases\" : [ ] }\r\n\t ",
        #"{"links":{"leases":[{}]},"leases":[],"n":-1.5e+3,"t":true}"#,
        #"{"a":"\"leases\":[{","leases":[],"b":[[],{}],"c":null}"#,
    ])
    func emptyLists(body: String) throws {
        for partSize in 1...body.utf8.count { #expect(try Self.cut(body, partSize: partSize) == []) }
    }

    @Test func stringsWithQuotesBracketsAndEscapes() throws {
        let lease = #"{"name":"]}\"\\","a":{"id":"no","b":[{"id":"nor this"}]},"x":1,"id":"a-1","t":"\\\\"}"#
        let body = #"{"x":"\\","leases":[\#(lease) , \#(lease)]}"#
        for partSize in 1...body.utf8.count {
            let slices = try Self.cut(body, partSize: partSize)
            #expect(slices.map(\.id) == ["a-1", "a-1"])
            #expect(slices.allSatisfy { $0.bytes == Array(lease.utf8) })
        }
    }

    @Test func idsWithEscapesAreDecoded() throws {
        #expect(try Self.cut(#"{"leases":[{ "id" : "a\u002db\"" }]}"#).map(\.id) == ["a-b\""])
    }

    @Test(
        arguments: [
            ("<!doctype html><html>", .notJSON(offset: 0, looksLikeHTML: true)),
            ("\n\n<html>", .notJSON(offset: 2, looksLikeHTML: true)),
            ("Service unavailable", .notJSON(offset: 0, looksLikeHTML: false)),
            ("", .cutShort(bytes: 0)), ("  ", .cutShort(bytes: 2)), ("{", .cutShort(bytes: 1)),
            (#"{"leases":[{"id":"a"}"#, .cutShort(bytes: 21)), (#"{"leases":[{"id":"a"}]"#, .cutShort(bytes: 22)),
            (#"{"leases":[{"id":"a"},"#, .cutShort(bytes: 22)), (#"{"leases":[{"id":"a"#, .cutShort(bytes: 19)),
            ("{}", .noLeasesArray), ("[]", .noLeasesArray), (#"{"leases":null}"#, .noLeasesArray),
            (#"{"leases":{}}"#, .noLeasesArray), (#"{"lease":[{"id":"a"}]}"#, .noLeasesArray),
            (#"{"error_code":500,"error_message":"Internal Server Error"}"#, .noLeasesArray),
            (#"{"leases":[],"leases":[]}"#, .noLeasesArray),
            (#"{"leases":[1]}"#, .elementNotObject(index: 0)), (#"{"leases":[null]}"#, .elementNotObject(index: 0)),
            (#"{"leases":[{"id":"a"},["id"]]}"#, .elementNotObject(index: 1)),
            (#"{"leases":[{"id":"a"},"b"]}"#, .elementNotObject(index: 1)),
            (#"{"leases":[{"name":"a"}]}"#, .elementWithoutID(index: 0)),
            (#"{"leases":[{}]}"#, .elementWithoutID(index: 0)),
            (#"{"leases":[{"id":5}]}"#, .elementWithoutID(index: 0)),
            (#"{"leases":[{"id":""}]}"#, .elementWithoutID(index: 0)),
            (#"{"leases":[{"a":{"id":"x"}}]}"#, .elementWithoutID(index: 0)),
            (#"{"leases":[{"id" "x"}]}"#, .elementWithoutID(index: 0)),
            (#"{"leases":[]}{"#, .trailing(offset: 13)), (#"{"leases":[]} <html>"#, .trailing(offset: 14)),
            (#"{"leases":[{"id":"a"}{"id":"b"}]}"#, .notJSON(offset: 21, looksLikeHTML: false)),
            (#"{"leases":[{"id":"a"},]}"#, .notJSON(offset: 22, looksLikeHTML: false)),
            (#"{"leases":[,]}"#, .notJSON(offset: 11, looksLikeHTML: false)),
            (#"{"leases":[{"id":"a"]]}"#, .notJSON(offset: 20, looksLikeHTML: false)),
            (#"{"leases":[]]}"#, .notJSON(offset: 12, looksLikeHTML: false)),
            (#"{"leases" []}"#, .notJSON(offset: 10, looksLikeHTML: false)),
            (#"{leases:[]}"#, .notJSON(offset: 1, looksLikeHTML: false)),
            (#"{"a":,"leases":[]}"#, .notJSON(offset: 5, looksLikeHTML: false)),
            (#"{"leases":[],}"#, .notJSON(offset: 13, looksLikeHTML: false)),
        ] as [(String, LeaseListError)])
    func refuses(body: String, error: LeaseListError) {
        for partSize in [1, 3, 1_000] {
            #expect(throws: error, "parts of \(partSize)") { try Self.cut(body, partSize: partSize) }
        }
    }

    @Test func everyCutOfAListIsShort() throws {
        let body = try Capture.named("captures/23-list-query.txt").body
        for count in 0..<body.count {
            #expect(throws: LeaseListError.cutShort(bytes: count)) {
                try Self.cut(Array(body.prefix(count)), partSize: 1_000)
            }
        }
    }

    @Test func staysRefusedAfterAnError() {
        var cutter = LeaseListCutter()
        #expect(throws: LeaseListError.noLeasesArray) { try cutter.consume(Array("{}".utf8)) }
        #expect(throws: LeaseListError.noLeasesArray) { try cutter.consume(Array(#"{"leases":[]}"#.utf8)) }
        #expect(throws: LeaseListError.noLeasesArray) { try cutter.finish() }
    }

    @Test func aLeaseWithoutEndDoesNotFillTheMemory() throws {
        var cutter = LeaseListCutter()
        _ = try cutter.consume(Array(#"{"leases":[{"id":""#.utf8))
        let part = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        #expect(throws: LeaseListError.sliceTooLarge(limit: 16 << 20)) {
            for _ in 0..<17 { _ = try cutter.consume(part) }
        }
        #expect(cutter.byteCount < 17 << 20)
    }

    /// Whether a list is complete must not depend on how its bytes arrived, and its decoder must agree.
    @Test func damagedListsNeverCrash() {
        var random = SeededRandom(seed: 5)
        let bodies = Self.lists.map { Array($0.body.prefix(6_000)) } + [Array(#"{"a":1,"leases":[{"id":"x"}]}"#.utf8)]
        for round in 0..<2_000 {
            let body = bodies[round % bodies.count].mutated(using: &random)
            let whole = Result { () throws(LeaseListError) in try Self.cut(body, partSize: 1 << 20) }
            let inParts = Result { () throws(LeaseListError) in try Self.cut(body, partSize: 13) }
            #expect(whole == inParts)
            if let value = try? JSONValue(parsing: body), let leases = value["leases"]?.arrayValue,
                case .success(let slices) = whole
            {
                #expect(slices.count == leases.count)
            }
        }
    }
}
