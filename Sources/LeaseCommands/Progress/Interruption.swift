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
        guard let notes = SignalNotes.descriptor(for: [SIGINT, SIGTERM]) else { return }
        let source = DispatchSource.makeReadSource(fileDescriptor: notes, queue: .global())
        source.setEventHandler {
            guard let number = SignalNotes.next(from: notes) else { return }
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
