import LeaseModel
import LeaseStore
import OpenStackClient
import Synchronization

/// One process at one task: counts its exchanges and steps, so that the planned faults meet it, and dies when it should.
final class Errand: Sendable {
    private struct State: Sendable {
        var exchanges = 0
        var checkpoints = 0
        var isDead = false
    }

    /// What ends a step of the engine when its process dies there.
    struct Death: Error {}

    /// Unique in the run.
    let number: Int
    let client: Int
    let store: LeaseStore
    private let faults: [Int: Fault]
    private let crashAt: Int?
    /// How much time an exchange takes, in seconds.
    let latencySeconds: Int64
    let interlude: @Sendable (Action) async -> Void
    /// Called when the process dies.
    let onDeath: @Sendable () -> Void
    let onCheckpoint: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// No task of a process needs more exchanges.
    static let mostExchanges = 600

    init(
        number: Int, client: Int, store: LeaseStore, faults: [Int: Fault], crashAt: Int?, latencySeconds: Int64,
        interlude: @escaping @Sendable (Action) async -> Void, onDeath: @escaping @Sendable () -> Void,
        onCheckpoint: @escaping @Sendable (String) -> Void
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
    }

    var isDead: Bool { state.withLock { $0.isDead } }

    func nextExchange() -> (number: Int, fault: Fault?) {
        let number = state.withLock { state in
            defer { state.exchanges += 1 }
            return state.exchanges
        }
        return (number, faults[number])
    }

    /// A moment between two steps of the engine.
    func checkpoint(_ name: String) throws {
        onCheckpoint(name)
        let number = state.withLock { state in
            defer { state.checkpoints += 1 }
            return state.checkpoints
        }
        if number == crashAt { die() }
        if isDead { throw Death() }
    }

    /// The process dies: from now on it can write nothing. What it had not committed is lost.
    func die() {
        state.withLock { $0.isDead = true }
        try? store.close()
        onDeath()
    }
}
