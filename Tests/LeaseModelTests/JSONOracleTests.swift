import CaptureFixtures
import Foundation
import LeaseModel
import Testing

/// Compares the JSON parser with Foundation's, which shares no code with it.
@Suite struct JSONOracleTests {
    private static var jsonBodies: [(name: String, bytes: [UInt8])] {
        Capture.all.flatMap { capture -> [(name: String, bytes: [UInt8])] in
            [(capture.name, capture.body), ("\(capture.name) (request)", capture.requestBody)]
        }
        .filter { $0.bytes.first == UInt8(ascii: "{") || $0.bytes.first == UInt8(ascii: "[") }
    }

    @Test func readsEveryCaptureAsFoundationDoes() throws {
        #expect(Self.jsonBodies.count > 400)
        for (name, bytes) in Self.jsonBodies {
            let ours = try? JSONValue(parsing: bytes)
            let theirs = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
            switch (ours, theirs) {
            case (nil, nil): break
            case (let ours?, let theirs?): #expect(Self.same(ours, theirs), "\(name)")
            default: Issue.record("\(name): only one of the parsers reads it")
            }
        }
    }

    @Test func writesWhatItReads() throws {
        for (name, bytes) in Self.jsonBodies {
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            for layout in [JSONLayout.compact, .spaced, .pretty] {
                #expect(try JSONValue(parsing: value.text(layout)) == value, "\(name)")
                let theirs = try JSONSerialization.jsonObject(with: Data(value.text(layout).utf8))
                #expect(Self.same(value, theirs), "\(name)")
            }
        }
    }

    @Test(arguments: [
        #""\ud83d\ude00""#, #""a\u0000b""#, #""\\\"\/\b\f\n\r\t\u00e9""#, "1e3", "-0", "-0.5E-2", "[]", "{}", "[[[]]]",
        " \n[ 1 , 2 ] ", #"{"a":{"b":[null,true,false]}}"#, "9007199254740993", "\"Z\u{FC}rich \u{1F600}\"",
    ])
    func readsAsFoundationDoes(text: String) throws {
        let theirs = try JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])
        #expect(Self.same(try JSONValue(parsing: text), theirs))
    }

    @Test(arguments: [
        "", " ", "{", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "tru", "nul", "01", "1.", "-", "1e",
        "\"", "\"\\x\"", "\"\\u12\"", "\"\n\"", "[1] 2", "'a'", "NaN", "Infinity", "<html>",
    ])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
    }

    @Test func deepNestingIsRefusedNotFatal() {
        for opening in ["[", "{\"a\":"] {
            let text = String(repeating: opening, count: 100_000)
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
        }
    }

    @Test func loneSurrogatesAndBadUTF8AreRepaired() throws {
        #expect(try JSONValue(parsing: #""\ud83dx""#) == .string("\u{FFFD}x"))
        #expect(try JSONValue(parsing: #""\ude00\ud83d""#) == .string("\u{FFFD}\u{FFFD}"))
        #expect(try JSONValue(parsing: [0x22, 0xFF, 0x41, 0x22]) == .string("\u{FFFD}A"))
    }

    private static func same(_ ours: JSONValue, _ theirs: Any) -> Bool {
        switch ours {
        case .null: return theirs is NSNull
        case .bool(let value): return (theirs as? NSNumber).map { $0.boolValue == value } ?? false
        case .number(let value): return (theirs as? NSNumber).map { $0.doubleValue == value.doubleValue } ?? false
        case .string(let value): return (theirs as? String) == value
        case .array(let values):
            guard let array = theirs as? [Any], array.count == values.count else { return false }
            return zip(values, array).allSatisfy { same($0, $1) }
        case .object(let object):
            guard let dictionary = theirs as? [String: Any], dictionary.count == object.count else { return false }
            return object.members.allSatisfy { member in
                dictionary[member.key].map { same(member.value, $0) } ?? false
            }
        }
    }
}
