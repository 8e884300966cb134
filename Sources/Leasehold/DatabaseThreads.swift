import Dispatch

/// Threads for work that waits for the database.
///
/// SQLite makes whoever meets a lock wait for it, up to half a minute, on the thread that asked. Swift's own threads are
/// as many as there are processor cores and belong to everybody in the program, so that such work has others.
final class DatabaseThreads: TaskExecutor {
    private static let shared = DatabaseThreads()

    private let queue = DispatchQueue(label: "leasehold.database", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Runs an operation, and the tasks that it makes, on these threads.
    static func run<Value, Failure: Error>(
        _ operation: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await withTaskExecutorPreference(shared, operation: operation)
    }
}
