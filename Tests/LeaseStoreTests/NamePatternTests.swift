import GRDB
import Testing

@testable import LeaseStore

@Suite("A pattern for names")
struct NamePatternTests {
    private static let cases: [(String, String, Bool)] = [
        ("abc", "abc", true), ("abc", "abcd", false), ("a*", "abc", true), ("*", "", true), ("?", "", false),
        ("a?c", "abc", true), ("[abc]x", "bx", true), ("[a-c]x", "dx", false), ("[!a-c]x", "dx", true),
        ("[!a-c]x", "bx", false), ("[^a]", "a", false), ("[]]", "]", true), ("[!]]", "]", false), ("[!]]", "a", true),
        ("[a-]", "-", true), ("[a-]", "b", false), ("[abc", "[abc", true), ("[", "[", true), ("\\*", "*", true),
        ("\\*", "a", false), ("a\\", "a\\", true), ("\\[a]", "[a]", true), ("[\\]]", "]", true),
        ("[\\!a]", "!", true), ("[\\^]", "^", true), ("[\\^]", "a", false), ("[a^]", "^", true),
        ("[\\^-]", "-", true), ("[\\^-]", "^", true), ("[\\^-]", "a", false), ("[!^]", "^", false),
        ("[!-]", "-", false),
        ("*b*d", "abcbxd", true), ("*b*d", "abcbx", false), ("A*", "abc", false), ("?", "é", true),
        ("[\\^-z]*", "a", true), ("[\\^-z]*", "_", true), ("[\\^-z]*", "-", false), ("[a\\]-z]", "b", true),
        ("[a\\]-z]", "]", true), ("[a\\]-z]", "-", false), ("[z-a]x]", "x", false), ("[z-a]x]", "]", false),
        ("[!z-a]*", "m", true), ("[+-\\]]", "-", true), ("[+-\\]]", "]", true), ("[+-\\]]", "^", false),
        ("\\*\u{FE0F}\u{20E3}", "1\u{FE0F}\u{20E3}", false), ("\\*\u{FE0F}\u{20E3}", "*\u{FE0F}\u{20E3}", true),
        ("[z-a]", "m", false), ("**a**", "a", true), ("it's*", "it's so", true),
    ]

    @Test("matches what a shell would match", arguments: cases)
    func matches(shell: String, name: String, isMatch: Bool) throws {
        let found = try DatabaseQueue().read {
            try Bool.fetchOne($0, sql: "SELECT ? GLOB ?", arguments: [name, NamePattern(shell).glob])
        }
        #expect(found == isMatch, "\(NamePattern(shell).glob)")
    }

    @Test("is fast even if hostile")
    func hostile() throws {
        let pattern = NamePattern(String(repeating: "a*", count: 500) + "b").glob
        let name = String(repeating: "a", count: 2_000)
        let found = try DatabaseQueue().read {
            try Bool.fetchOne($0, sql: "SELECT ? GLOB ?", arguments: [name, pattern])
        }
        #expect(found == false)
    }
}
