import LeaseModel
import Logging
import Output
import Synchronization

/// Logs to standard error: warnings always, decisions and requests with `-v`, their details with `-vv`.
struct CommandLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let sink: Sink

    /// - Parameters:
    ///   - verbosity: how often `-v` was given.
    ///   - errors: where to write.
    /// - Returns: a logger.
    static func logger(verbosity: Int, to errors: any TextSink & Sendable) -> Logger {
        let sink = Sink(errors)
        let level: Logger.Level = verbosity == 0 ? .warning : verbosity == 1 ? .info : .debug
        return Logger(label: "leasehold") { _ in CommandLog(logLevel: level, sink: sink) }
    }

    private init(logLevel: Logger.Level, sink: Sink) {
        self.logLevel = logLevel
        self.sink = sink
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let kind = event.level >= .warning ? "warning: " : ""
        sink.write("leasehold: \(kind)\("\(event.message)".escapedForTerminal)\n")
    }

    /// Writes one line at a time, from any task.
    private final class Sink: Sendable {
        private let errors: Mutex<any TextSink & Sendable>

        init(_ errors: any TextSink & Sendable) { self.errors = Mutex(errors) }

        func write(_ line: String) {
            errors.withLock { sink in
                try? sink.write(line)
                try? sink.flush()
            }
        }
    }
}
