import Foundation
import LeaseModel
import Output

/// What Ctrl-C and SIGTERM do to a command: it says what becomes of its work, and ends.
enum Interruption {
    /// Ends the process at a signal, with a message.
    ///
    /// - Parameters:
    ///   - console: where to say it; only that of a process gets signals.
    ///   - message: made when the signal comes.
    static func report(to console: Console, _ message: @escaping @Sendable () -> String) {
        guard console.receivesSignals else { return }
        let (errors, isTerminal) = (console.errors, console.errorTerminal.isTerminal)
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // Whoever does not want to wait for the answer sends it again.
                signal(number, SIG_DFL)
                var sink = errors
                // Progress and the terminal's ^C may stand on the line.
                let beginning = isTerminal ? "\r\u{1B}[K" : ""
                try? sink.write("\(beginning)leasehold: \(message().escapedForTerminal)\n")
                try? sink.flush()
                _exit(128 + number)
            }
            source.activate()
            // It stays for as long as the process does.
            _ = Unmanaged.passRetained(source as AnyObject)
        }
    }
}
