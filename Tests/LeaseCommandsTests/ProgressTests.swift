import Testing

@testable import LeaseCommands
@testable import Output

@Suite("Progress")
struct ProgressTests {
    @Test func knownTotal() {
        var bar = ProgressBar(label: "kvm", unit: .bytes, total: 2_000_000, width: 80)
        #expect(bar.update(completed: 0, at: .zero) == "\rkvm  [--------------------]  0 %  0 B of 2.0 MB")
        let later = bar.update(completed: 1_000_000, at: .seconds(2))
        #expect(later == "\rkvm  [##########----------]  50 %  1.0 MB of 2.0 MB  500.0 kB/s  2 s left")
    }

    @Test func unknownTotal() {
        var bar = ProgressBar(label: "kvm", unit: .count("leases"))
        #expect(bar.update(completed: 7, at: .zero) == "\rkvm  |  7 leases")
        #expect(bar.update(completed: 8, at: .seconds(1)) == "\rkvm  /  8 leases")
        #expect(bar.update(completed: 9, total: 10, at: .seconds(2)).contains("90 %  9 of 10 leases"))
    }

    @Test func drawsNotTooOften() {
        var bar = ProgressBar(label: "x", unit: .bytes)
        #expect(!bar.update(completed: 1, at: .zero).isEmpty)
        #expect(bar.update(completed: 2, at: .milliseconds(99)).isEmpty)
        #expect(bar.update(completed: 3, at: .milliseconds(100)).contains("3 B"))
    }

    @Test func shorterDrawingCoversLongerOne() {
        var bar = ProgressBar(label: "x", unit: .count("leases"))
        let first = bar.update(completed: 1_000_000, at: .zero)
        let second = bar.update(completed: 1, at: .seconds(1))
        #expect(first.count == second.count)
    }

    @Test func neverWiderThanTheTerminal() {
        var bar = ProgressBar(label: "日本語のクラウド", unit: .bytes, total: 9, width: 20)
        #expect(TextWidth.columns(bar.update(completed: 1, at: .zero).dropFirst()) <= 19)
    }

    @Test func messagesStandAboveTheBar() {
        var bar = ProgressBar(label: "x", unit: .count("a"))
        #expect(bar.message("early", at: .zero) == "early\n")
        _ = bar.update(completed: 1, at: .zero)
        let text = bar.message("new: \u{1B}[2J", at: .seconds(1))
        #expect(text == "\r         \rnew: \\u{1B}[2J\n\rx  /  1 a")
        #expect(bar.finish() == "\r         \r")
        #expect(bar.finish().isEmpty)
    }

    private static let amountsCases: [(Int, String)] = [
        (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (158_200_000, "158.2 MB"), (2_500_000_000, "2.5 GB"),
    ]

    @Test(arguments: amountsCases)
    func amounts(bytes: Int, text: String) {
        #expect(ProgressBar.bytes(Double(bytes)) == text)
    }

    @Test func offATerminalOnlyMessagesAreWritten() async {
        let reporter = ProgressReporter(sink: TextBuffer(), terminal: .none) { .zero }
        await reporter.begin("kvm", unit: .bytes)
        await reporter.update(completed: 5)
        await reporter.message("one line")
        await reporter.finish()
        #expect(await reporter.written.text == "one line\n")
    }

    @Test func onATerminalTheBarIsCleared() async {
        let reporter = ProgressReporter(sink: TextBuffer(), terminal: Terminal(isTerminal: true, width: 40)) { .zero }
        await reporter.begin("kvm", unit: .count("leases"))
        await reporter.update(completed: 5)
        await reporter.finish()
        #expect(await reporter.written.text == "\rkvm  |  5 leases\r                \r")
    }
}
