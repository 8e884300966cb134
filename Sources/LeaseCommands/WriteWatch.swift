import LeaseModel
import LeaseText
import Leasehold
import Output
import Synchronization

/// When Ctrl-C or SIGTERM stops a command, says what will happen to the writes that it requested.
final class WriteWatch: Sendable {
    private let manager: LeaseManager
    /// How many writes were asked for in all.
    private let count: Int
    /// The number of the write that is being carried out, once it is queued, and how many came before it.
    private let write = Mutex<(id: Int64?, done: Int)>((nil, -1))

    /// - Parameters:
    ///   - manager: the database.
    ///   - console: where to say it.
    ///   - count: how many writes there will be.
    init(_ manager: LeaseManager, _ console: Console, count: Int) {
        self.manager = manager
        self.count = count
        Interruption.report(to: console) { self.message }
    }

    /// Observes progress to learn the number of the next write.
    func next() -> @Sendable (SyncProgress) async -> Void {
        write.withLock { $0 = (nil, $0.done + 1) }
        return { progress in
            guard case .mutation(_, let mutation) = progress else { return }
            // The first one is that which was queued; the others move because the queue is sent.
            self.write.withLock { if $0.id == nil { $0.id = mutation.id } }
        }
    }

    /// What becomes of the writes.
    private var message: String {
        let (id, done) = write.withLock(\.self)
        var sentences: [String] = []
        if let id, let mutation = try? manager.mutation(id).mutation {
            sentences = ["Stopped.", mutation.outlook]
        } else {
            sentences = ["Stopped before anything \(done > 0 ? "more " : "")was queued: nothing will be sent."]
        }
        if count > 1, done >= 0 {
            let rest = count - done - 1
            sentences.append("Before it \(done) of \(count) were asked for; \(rest) were not, and are not queued.")
        }
        return sentences.joined(separator: " ")
    }
}

/// When a sync is stopped, says what will happen to the waiting writes.
final class SyncInterruption: Sendable {
    /// The number of the write whose request is under way.
    private let sending = Mutex<Int64?>(nil)

    init(_ manager: LeaseManager, _ console: Console) {
        Interruption.report(to: console) { self.message(manager) }
    }

    func note(_ progress: SyncProgress) {
        guard case .mutation(_, let mutation) = progress else { return }
        sending.withLock { $0 = mutation.state == .sending ? mutation.id : nil }
    }

    private func message(_ manager: LeaseManager) -> String {
        var sentences = ["Stopped. A list that was not read to its end changes nothing."]
        let current = sending.withLock(\.self)
        if let current, let mutation = try? manager.mutation(current).mutation { sentences.append(mutation.outlook) }
        let waiting = ((try? manager.queue()) ?? []).filter { $0.state == .queued && $0.id != current }
        if let first = waiting.first {
            sentences.append(
                waiting.count == 1
                    ? first.outlook
                    : "\(waiting.count) writes stay queued, and the next sync sends them (leasehold queue). To "
                        + "cancel one: leasehold queue cancel \(first.id)")
        }
        return sentences.joined(separator: " ")
    }
}
