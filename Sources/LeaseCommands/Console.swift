import Foundation
package import LeaseModel
import Leasehold
import LocalFiles
import Logging
package import Output
import Synchronization

/// The surroundings of a command: its streams, its environment, its clock. Tests make their own.
package struct Console {
    /// Standard output, for results.
    package var output: any TextSink & Sendable
    /// Standard error, for everything else.
    package var errors: any TextSink & Sendable
    package var outputTerminal: Terminal
    package let errorTerminal: Terminal
    package let environment: [String: String]
    package let currentDirectory: String
    package let homeDirectory: String
    package let now: @Sendable () -> Timestamp
    package let zone: DisplayZone
    /// Databases that stay open until the process ends: see ``WritingOptions/manager(_:)``.
    var openToTheEnd: [LeaseManager] = []
    /// Whether the command handles the process's signals.
    var receivesSignals = false
    /// Reads standard input to its end.
    package let input: @Sendable () -> [UInt8]
    /// Asks a person a yes-or-no question; `nil` if there is nobody to ask.
    package var ask: (@Sendable (String) -> Bool)?
    /// Asks a person for a line; `nil` if there is nobody to ask. The answer is `nil` at the end of the input.
    package var prompt: (@Sendable (String) -> String?)?
    /// Asks a person to log in; `nil` unless somebody sees what is written and can answer.
    package var assistant: (any LoginAssistant)?

    package init(
        output: any TextSink & Sendable, errors: any TextSink & Sendable, outputTerminal: Terminal = .none,
        errorTerminal: Terminal = .none, environment: [String: String], currentDirectory: String, homeDirectory: String,
        now: @escaping @Sendable () -> Timestamp, zone: DisplayZone, input: @escaping @Sendable () -> [UInt8] = { [] }
    ) {
        self.output = output
        self.errors = errors
        self.outputTerminal = outputTerminal
        self.errorTerminal = errorTerminal
        self.environment = environment
        self.currentDirectory = currentDirectory
        self.homeDirectory = homeDirectory
        self.now = now
        self.zone = zone
        self.input = input
    }

    /// The surroundings of this process.
    package static var process: Console {
        let environment = ProcessInfo.processInfo.environment
        var console = Console(
            output: FileSink.standardOutput, errors: FileSink.standardError,
            outputTerminal: Terminal(descriptor: STDOUT_FILENO, environment: environment),
            errorTerminal: Terminal(descriptor: STDERR_FILENO, environment: environment), environment: environment,
            currentDirectory: FileManager.default.currentDirectoryPath,
            homeDirectory: environment["HOME"] ?? NSHomeDirectory(), now: LeaseManager.systemClock,
            zone: .system(environment: environment),
            input: { Array((try? FileHandle.standardInput.readToEnd()) ?? Data()) })
        console.receivesSignals = true
        if console.errorTerminal.isTerminal, isatty(STDIN_FILENO) == 1 {
            let prompt: @Sendable (String) -> String? = { question in
                var errors = FileSink.standardError
                try? errors.write(question.escapedForTerminal)
                return readLine()
            }
            console.prompt = prompt
            console.ask = { ["y", "yes"].contains(prompt("\($0) [y/N] ")?.lowercased() ?? "") }
        }
        // Nobody is asked in a pipe, in the background or in a timer.
        if console.outputTerminal.isTerminal, console.errorTerminal.isTerminal, isatty(STDIN_FILENO) == 1 {
            console.assistant = TerminalAssistant(console, opensBrowser: true)
        }
        return console
    }

    /// The text of a file, or of standard input for `-`.
    ///
    /// - Throws: ``CommandError`` of status 66 if there is no such file.
    package func text(ofFile path: String) throws(CommandError) -> String {
        let bytes: [UInt8]
        if path == "-" {
            bytes = input()
        } else {
            let absolute = path.hasPrefix("/") ? path : "\(currentDirectory)/\(path)"
            do {
                bytes = try InputFile.bytes(of: absolute)
            } catch {
                throw CommandError(
                    code: "not_found", message: "'\(path)' cannot be read: \(error.clause).", status: .notFound)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError(code: "invalid", message: "'\(path)' is not UTF-8 text.", status: .data)
        }
        return text
    }

    /// Writes a remark to standard error, on a line of its own. On a terminal it is wrapped between words. Errors in
    /// writing it are ignored.
    package mutating func remark(_ text: String) {
        let safe = text.escapedForTerminal
        let lines = errorTerminal.width.map { TextWidth.wrapped(safe, to: max(20, $0)) } ?? [safe]
        try? errors.write(lines.joined(separator: "\n") + "\n")
        try? errors.flush()
    }
}

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
