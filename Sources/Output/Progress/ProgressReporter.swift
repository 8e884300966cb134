import LeaseModel

/// Shows progress and messages on standard error. Several tasks may report to it.
///
/// Without a terminal, only messages are written. Errors in writing are ignored: no work should fail because of a
/// progress bar.
package actor ProgressReporter<Sink: TextSink & Sendable> {
    private var sink: Sink
    private var bar: ProgressBar?
    private let terminal: Terminal
    private let clock: @Sendable () -> Duration

    /// - Parameters:
    ///   - sink: standard error, not buffered.
    ///   - terminal: the properties of standard error.
    ///   - clock: the time since any fixed moment, never going back.
    package init(sink: Sink, terminal: Terminal, clock: @escaping @Sendable () -> Duration) {
        self.sink = sink
        self.terminal = terminal
        self.clock = clock
    }

    /// Begins a new bar, which replaces an existing one.
    package func begin(_ label: String, unit: ProgressBar.Unit, total: Int64? = nil) {
        finish()
        guard terminal.isTerminal else { return }
        bar = ProgressBar(label: label, unit: unit, total: total, width: terminal.width ?? 80)
    }

    /// Updates the progress.
    package func update(completed: Int64, total: Int64? = nil, label: String? = nil) {
        guard let text = bar?.update(completed: completed, total: total, label: label, at: clock()) else { return }
        write(text)
    }

    /// Writes a message on a line of its own.
    package func message(_ message: String) {
        write(bar?.message(message, at: clock()) ?? message.escapedForTerminal + "\n")
    }

    /// Removes the bar from the screen.
    package func finish() {
        guard let text = bar?.finish() else { return }
        bar = nil
        write(text)
    }

    /// What was written, for tests that use a buffer.
    var written: Sink { sink }

    private func write(_ text: String) {
        guard !text.isEmpty else { return }
        try? sink.write(text)
        try? sink.flush()
    }
}
