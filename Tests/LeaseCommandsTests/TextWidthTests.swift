import Testing

@testable import LeaseCommands
@testable import Output

@Suite("Width of text")
struct TextWidthTests {
    private static let columnsCases: [(String, Int)] = [
        ("", 0), ("abc", 3), ("日本語", 6), ("ｆｕｌｌ", 8), ("ｱｲｳ", 3), ("e\u{301}", 1), ("é", 1), ("한글", 4),
        ("\u{1112}\u{1161}\u{11AB}", 2), ("😀", 2), ("👩‍👩‍👧", 2), ("🇩🇪", 2), ("❤️", 2), ("❤", 1), ("👍🏽", 2),
        ("a\u{200B}b", 2),
        ("…", 1), ("─", 1), ("\u{AD}", 1),
    ]

    @Test(arguments: columnsCases)
    func columns(text: String, width: Int) {
        #expect(TextWidth.columns(text) == width)
    }

    @Test func cutsAtTheWidth() {
        #expect(TextWidth.cut("abcdef", to: 6) == "abcdef")
        #expect(TextWidth.cut("abcdef", to: 5) == "abcd…")
        #expect(TextWidth.cut("日本語", to: 5) == "日本…")
        #expect(TextWidth.cut("日本語", to: 4) == "日…")
        #expect(TextWidth.cut("abc", to: 0) == "")
        #expect(TextWidth.cut("abc", to: 1) == "…")
    }

    @Test(arguments: 1...12)
    func wrappingLosesNothing(width: Int) {
        let text = "the quick 日本語 e\u{301}tude jumps-over-everything  twice"
        let lines = TextWidth.wrapped(text, to: width)
        #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " })
        #expect(lines.allSatisfy { TextWidth.columns($0) <= max(width, 2) })
        #expect(!lines.contains(""))
    }
}
