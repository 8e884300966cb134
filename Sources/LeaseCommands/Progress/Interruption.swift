import Foundation
import LeaseModel
import Output
import Synchronization

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

/// Signals as bytes that are read like anything else.
enum SignalNotes {
    /// Where the handler writes; a handler can have no context of its own.
    private static let writer = Atomic<Int32>(-1)

    /// Notes signals from now on, instead of what they do otherwise.
    ///
    /// - Parameter signals: their numbers.
    /// - Returns: the descriptor from which the number of each is read, a byte; `nil` if the system gives none.
    static func descriptor(for signals: [Int32]) -> Int32? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        writer.store(ends[1], ordering: .sequentiallyConsistent)
        for number in signals {
            signal(number) { number in
                let error = errno
                var note = UInt8(truncatingIfNeeded: number)
                _ = write(SignalNotes.writer.load(ordering: .sequentiallyConsistent), &note, 1)
                errno = error
            }
        }
        return ends[0]
    }

    /// The next one that was noted.
    static func next(from descriptor: Int32) -> Int32? {
        var note: UInt8 = 0
        return read(descriptor, &note, 1) == 1 ? Int32(note) : nil
    }
}
