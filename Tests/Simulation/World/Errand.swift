import LeaseModel
import LeaseStore
import OpenStackClient
import Synchronization

/// One process at one task. It counts exchanges and checkpoints, so that the planned faults hit it, and dies when it
/// should.
final class Errand: Sendable {
    private struct State: Sendable {
        var exchanges = 0
        var checkpoints = 0
        var isDead = false
        var hasWritten = false
        /// The leases that were read, as they were.
        var seen: [String: JSONObject] = [:]
    }

    /// Ends a step of the engine when its process dies there.
    struct Death: Error {}

    /// Unique in the run.
    let number: Int
    let client: Int
    let store: LeaseStore
    private let faults: [Int: Fault]
    private let crashAt: Int?
    /// The duration of an exchange in seconds.
    let latencySeconds: Int64
    let interlude: @Sendable (Action) async -> Void
    /// Called when the process dies.
    let onDeath: @Sendable () -> Void
    let onCheckpoint: @Sendable (String) -> Void
    /// Called when a write is sent, with its destination, the write's number and the request.
    let onWrite: @Sendable (Destination, Int64?, String) -> Void
    /// Called when the server is about to change a lease, with the write, whether the lease is still what the sender
    /// has read, and the lease.
    let onChange: @Sendable (Mutation, Bool?, BlazarLease?) -> Void
    private let state = Mutex(State())

    /// No task of a process needs more exchanges.
    static let maxExchanges = 600

    init(
        number: Int, client: Int, store: LeaseStore, faults: [Int: Fault], crashAt: Int?, latencySeconds: Int64,
        interlude: @escaping @Sendable (Action) async -> Void, onDeath: @escaping @Sendable () -> Void,
        onCheckpoint: @escaping @Sendable (String) -> Void,
        onWrite: @escaping @Sendable (Destination, Int64?, String) -> Void,
        onChange: @escaping @Sendable (Mutation, Bool?, BlazarLease?) -> Void
    ) {
        self.number = number
        self.client = client
        self.store = store
        self.faults = faults
        self.crashAt = crashAt
        self.latencySeconds = latencySeconds
        self.interlude = interlude
        self.onDeath = onDeath
        self.onCheckpoint = onCheckpoint
        self.onWrite = onWrite
        self.onChange = onChange
    }

    var isDead: Bool { state.withLock { $0.isDead } }

    /// Whether the process has sent a write.
    var hasWritten: Bool { state.withLock { $0.hasWritten } }
    func writes() { state.withLock { $0.hasWritten = true } }

    /// Records that the process read a lease.
    func looks(at id: String, _ lease: BlazarLease?) { state.withLock { $0.seen[id] = lease?.json() } }

    /// Whether a lease is still what the process has read; `nil` if it has not read it.
    func isAsSeen(_ id: String, _ lease: BlazarLease?) -> Bool? {
        state.withLock { state in state.seen[id].map { $0 == lease?.json() } }
    }

    func nextExchange() -> (number: Int, fault: Fault?) {
        let number = state.withLock { state in
            defer { state.exchanges += 1 }
            return state.exchanges
        }
        return (number, faults[number])
    }

    /// A point between two steps of the engine.
    func checkpoint(_ name: String) throws {
        if isDead { throw Death() }
        onCheckpoint(name)
        let number = state.withLock { state in
            defer { state.checkpoints += 1 }
            return state.checkpoints
        }
        if number == crashAt { die() }
        if isDead { throw Death() }
    }

    /// The process dies and can write nothing more. Uncommitted changes are lost.
    func die() {
        state.withLock { $0.isDead = true }
        try? store.close()
        onDeath()
    }
}
