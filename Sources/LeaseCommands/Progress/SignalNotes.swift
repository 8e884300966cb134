import Foundation
import Synchronization

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
