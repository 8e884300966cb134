import Output

/// Shows on a terminal how many leases have been read, if reading takes long enough for people to wonder.
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

    /// Counts more leases.
    mutating func add(_ leases: Int) {
        count += Int64(leases)
        let elapsed = ContinuousClock.now - started
        guard elapsed > .milliseconds(500), let text = bar?.update(completed: count, at: elapsed) else { return }
        write(text)
    }

    /// Removes the bar from the screen.
    mutating func finish() {
        guard let text = bar?.finish() else { return }
        write(text)
    }

    private mutating func write(_ text: String) {
        guard !text.isEmpty else { return }
        // Errors are ignored: no work should fail because of a progress bar.
        try? errors.write(text)
        try? errors.flush()
    }
}
