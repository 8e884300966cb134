import LeaseModel
import Leasehold
import Output

extension Console {
    /// Does something that may take long. After a second a terminal shows what is waited for, and for how long.
    ///
    /// - Parameters:
    ///   - clouds: the clouds that are waited for; none for the only one.
    ///   - remark: what else a person should know meanwhile.
    ///   - isQuiet: whether to say nothing.
    ///   - body: what takes long.
    /// - Returns: what `body` gives.
    /// - Throws: what `body` throws.
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

    /// Shows each second how many there were, until it is cancelled.
    private static func count(
        on reporter: ProgressReporter<WaitReporter.ErrorSink>, since begun: ContinuousClock.Instant,
        _ assistant: (any LoginAssistant)?
    ) async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            // Whoever is asked to log in is told what is waited for already.
            if await (assistant as? TerminalAssistant)?.isAsking ?? false { continue }
            await reporter.update(completed: begun.duration(to: .now).components.seconds)
        }
    }

    private static func label(_ clouds: [String], _ remark: String) -> String {
        let names = clouds.isEmpty ? "the cloud" : clouds.joined(separator: ", ")
        return "Waiting for \(names)\(remark.isEmpty ? "" : " (\(remark))")"
    }
}
