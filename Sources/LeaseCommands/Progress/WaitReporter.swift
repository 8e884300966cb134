import LeaseModel
import Leasehold
import Output

/// Shows the progress of waiting for a lease. On a terminal only, a bar fills as the time runs out.
struct WaitReporter {
    private let reporter: ProgressReporter<ErrorSink>
    private let isShown: Bool

    init(_ console: Console, isQuiet: Bool) {
        let begun = ContinuousClock.now
        isShown = console.errorTerminal.isTerminal && !isQuiet
        reporter = ProgressReporter(sink: ErrorSink(sink: console.errors), terminal: console.errorTerminal) {
            begun.duration(to: .now)
        }
    }

    /// Runs a body that waits, and shows its progress.
    func wait<Value>(_ body: (@escaping @Sendable (SyncProgress) async -> Void) async throws -> Value) async throws
        -> Value
    {
        guard isShown else { return try await body { _ in } }
        let reporter = reporter
        await reporter.begin("Waiting", unit: .count("s"))
        do {
            let value = try await body { progress in
                guard case .waiting(let stand) = progress else { return }
                await reporter.update(
                    completed: stand.elapsedSeconds, total: stand.timeoutSeconds,
                    label: "\(stand.name): \(stand.status), waiting for \(stand.wanted)")
            }
            await reporter.finish()
            return value
        } catch {
            await reporter.finish()
            throw error
        }
    }

    /// A sink for standard error of any kind.
    struct ErrorSink: TextSink, Sendable {
        var sink: any TextSink & Sendable
        mutating func write(_ text: String) throws(OutputError) { try sink.write(text) }
        mutating func flush() throws(OutputError) { try sink.flush() }
    }
}
