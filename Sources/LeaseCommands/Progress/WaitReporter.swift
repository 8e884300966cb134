import LeaseModel
import Leasehold
import Output

extension Console {
    /// Runs a body that may take long. After a second, a terminal shows which clouds it is waiting for, and for how
    /// long.
    ///
    /// - Parameters:
    ///   - clouds: the clouds to name; empty for the only one.
    ///   - remark: what else a person should know meanwhile.
    ///   - isQuiet: whether to show nothing.
    ///   - body: the work.
    /// - Returns: the result of `body`.
    /// - Throws: the error of `body`.
    func waiting<Value>(
        for clouds: [String], remark: String = "", isQuiet: Bool, _ body: () async throws -> Value
    ) async rethrows -> Value {
        guard errorTerminal.isTerminal, !isQuiet else { return try await body() }
        let begun = ContinuousClock.now
        let reporter = ProgressReporter(sink: WaitReporter.ErrorSink(sink: errors), terminal: errorTerminal) {
            begun.duration(to: .now)
        }
        await reporter.begin(Self.label(clouds, remark), unit: .count("s"))
        async let _: Void = Self.count(on: reporter, since: begun, assistant)
        do {
            let value = try await body()
            await reporter.finish()
            return value
        } catch {
            await reporter.finish()
            throw error
        }
    }

    /// Shows the number of seconds, each second, until it is canceled.
    private static func count(
        on reporter: ProgressReporter<WaitReporter.ErrorSink>, since begun: ContinuousClock.Instant,
        _ assistant: (any LoginAssistant)?
    ) async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            // While a person is asked to log in, the terminal already says what the command is waiting for.
            if await (assistant as? TerminalAssistant)?.isAsking ?? false { continue }
            await reporter.update(completed: begun.duration(to: .now).components.seconds)
        }
    }

    private static func label(_ clouds: [String], _ remark: String) -> String {
        let names = clouds.isEmpty ? "the cloud" : clouds.joined(separator: ", ")
        return "Waiting for \(names)\(remark.isEmpty ? "" : " (\(remark))")"
    }
}

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
