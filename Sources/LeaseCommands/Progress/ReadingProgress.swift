/// Shows on a terminal how many leases have been read, once that takes long enough to wonder.
struct ReadingProgress {
    private var bar: ProgressBar?
    private var count: Int64 = 0
    private let started = ContinuousClock.now

    init(_ console: Console) {
        guard console.errorTerminal.isTerminal else { return }
        bar = ProgressBar(label: "Reading", unit: .count("leases"), width: console.errorTerminal.width ?? 80)
    }

    /// Notes one lease more.
    mutating func step(_ console: inout Console) {
        count += 1
        guard bar != nil, count & 0xFFF == 0 else { return }
        let elapsed = ContinuousClock.now - started
        guard elapsed > .milliseconds(500), let text = bar?.update(completed: count, at: elapsed) else { return }
        write(text, &console)
    }

    /// Takes the bar off the screen.
    mutating func finish(_ console: inout Console) {
        guard let text = bar?.finish() else { return }
        write(text, &console)
    }

    private func write(_ text: String, _ console: inout Console) {
        guard !text.isEmpty else { return }
        // What cannot be written is let go: no work should fail for want of a progress bar.
        try? console.errors.write(text)
        try? console.errors.flush()
    }
}
