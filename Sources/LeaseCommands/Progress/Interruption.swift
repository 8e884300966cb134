import Foundation
import LeaseModel
import Output

/// Handles Ctrl-C and SIGTERM: the command says what will happen to its work, and ends.
enum Interruption {
    /// Ends the process at a signal, with a message.
    ///
    /// - Parameters:
    ///   - console: where to write. Only a process's own console gets signals.
    ///   - message: called when the signal comes.
    static func report(to console: Console, _ message: @escaping @Sendable () -> String) {
        guard console.receivesSignals else { return }
        let (errors, isTerminal) = (console.errors, console.errorTerminal.isTerminal)
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // A second signal ends the process at once.
                signal(number, SIG_DFL)
                var sink = errors
                // Progress and the terminal's ^C may be on the line.
                let beginning = isTerminal ? "\r\u{1B}[K" : ""
                try? sink.write("\(beginning)leasehold: \(message().escapedForTerminal)\n")
                try? sink.flush()
                _exit(128 + number)
            }
            source.activate()
            // It lives as long as the process.
            _ = Unmanaged.passRetained(source as AnyObject)
        }
    }
}
