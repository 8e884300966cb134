import LeaseModel
import Testing

@testable import LeaseWeb

@Suite("Names and values of addresses and forms")
struct FieldsTests {
    @Test("What is encoded is decoded", arguments: ["", "a b", "a+b&c=d%", "ü€😀", "line\nline", "\u{202E}"])
    func roundTrip(_ text: String) {
        let fields = WebFields(encoded: WebFields([(name: "x", value: text)]).text)
        #expect(fields["x"] ?? "" == text)
    }

    @Test("Damaged text is read as far as it can be", arguments: ["%", "%4", "%zz", "a=%ff%fe", "&&=&", "=x"])
    func damaged(_ text: String) {
        #expect(WebFields(encoded: text).members.count <= 2)
    }

    @Test("A position's text means the position")
    func positions() throws {
        for value in [LeasePosition.Value.integer(-5), .text("a.b c"), .null] {
            let position = LeasePosition(section: 2, value: value, key: 99)
            #expect(LeasePosition(position.text) == position)
        }
        for text in ["", "1", "1.2", "x.1.i1", "1.x.i1", "1.2.i", "1.2.z", "-1.2.n"] {
            #expect(LeasePosition(text) == nil)
        }
    }
}
