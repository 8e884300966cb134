import Foundation
import LeaseModel
import Leasehold
import Output
import Synchronization

/// Says, when a command is stopped by Ctrl-C or SIGTERM, what becomes of the write that it asked for.
final class WriteWatch: Sendable {
    private let manager: LeaseManager
    private let errors: any TextSink & Sendable
    /// The number of the write, once it is queued.
    private let write = Mutex<Int64?>(nil)

    /// - Parameters:
    ///   - manager: the database.
    ///   - console: where to say it; only that of a process gets signals.
    init(_ manager: LeaseManager, _ console: Console) {
        self.manager = manager
        errors = console.errors
        guard console.receivesSignals else { return }
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // Whoever does not want to wait for the answer sends it again.
                signal(number, SIG_DFL)
                self.stop(status: 128 + number)
            }
            source.activate()
            // It stays for as long as the process does.
            _ = Unmanaged.passRetained(source as AnyObject)
        }
    }

    /// Learns from what happens which write it is.
    var progress: @Sendable (SyncProgress) async -> Void {
        { progress in
            guard case .mutation(_, let mutation) = progress else { return }
            // The first one is that which was queued; the others move because the queue is sent.
            self.write.withLock { if $0 == nil { $0 = mutation.id } }
        }
    }

    private func stop(status: Int32) {
        var sink = errors
        try? sink.write("leasehold: \(message.escapedForTerminal)\n")
        try? sink.flush()
        _exit(status)
    }

    /// What becomes of the write.
    private var message: String {
        guard let id = write.withLock(\.self), let mutation = try? manager.mutation(id).mutation else {
            return "Stopped before anything was queued: nothing will be sent."
        }
        return "Stopped. " + mutation.outlook
    }
}

extension Mutation {
    /// What becomes of a write if nobody does anything, and how to take it back.
    var outlook: String {
        let what = "Write \(id) (\(verb.rawValue) \"\(leaseName)\")"
        switch state {
        case .queued:
            return "\(what) stays queued, and the next sync sends it. To take it back: leasehold queue cancel \(id)"
        case .sending, .unknown:
            return """
                \(what) was under way: it is not known yet whether the server has carried it out. `leasehold sync` \
                finds out. To give it up: leasehold queue cancel \(id) --give-up
                """
        case .blocked, .parked:
            return "\(what) waits for you: leasehold queue show \(id). To take it back: leasehold queue cancel \(id)"
        case .accepted, .settled: return "\(what) has been carried out."
        case .rejected: return "\(what) was refused: leasehold queue show \(id)"
        case .cancelled, .expired, .superseded: return "\(what) is \(state.rawValue): it will not be sent."
        }
    }
}
