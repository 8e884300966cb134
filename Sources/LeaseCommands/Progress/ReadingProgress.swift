import Output

/// Shows on a terminal how many leases have been read, once that takes long enough to wonder.
struct ReadingProgress {
    private var bar: ProgressBar?
    private var errors: any TextSink & Sendable
    private var count: Int64 = 0
    private let started = ContinuousClock.now

    init(_ console: Console) {
        errors = console.errors
        guard console.errorTerminal.isTerminal else { return }
        bar = ProgressBar(label: "Reading", unit: .count("leases"), width: console.errorTerminal.width ?? 80)
    }

    /// Notes some leases more.
    mutating func add(_ leases: Int) {
        count += Int64(leases)
        let elapsed = ContinuousClock.now - started
        guard elapsed > .milliseconds(500), let text = bar?.update(completed: count, at: elapsed) else { return }
        write(text)
    }

    /// Takes the bar off the screen.
    mutating func finish() {
        guard let text = bar?.finish() else { return }
        write(text)
    }

    private mutating func write(_ text: String) {
        guard !text.isEmpty else { return }
        // What cannot be written is let go: no work should fail for want of a progress bar.
        try? errors.write(text)
        try? errors.flush()
    }
}
