import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// The options of a command that may wait for its result.
package struct WaitingOptions: ParsableArguments {
    @Flag(
        name: .customLong("wait"),
        help: ArgumentHelp(
            "Wait for the result: a new lease until it is active (PENDING, if it starts after the timeout), "
                + "a deleted one until it is gone."))
    var waits = false

    @Option(name: .customLong("timeout"), help: ArgumentHelp("How long to wait at most.", valueName: "duration"))
    var timeout = "10m"

    package init() {}

    /// Checks the options.
    func check() throws { _ = try DurationArgument(parsing: timeout) }

    /// If the options ask for it, waits until a write has been executed or can no longer be.
    ///
    /// - Returns: the result, with the lease as it is then.
    func wait(
        for result: WriteResult, _ manager: LeaseManager, _ console: Console, _ writing: WritingOptions
    ) async throws -> WriteResult {
        guard waits, !writing.isOffline, result.mutation.status == .success else { return result }
        guard result.mutation.id != 0 || result.mutation.verb == .create else { return result }
        let seconds = try DurationArgument(parsing: timeout).seconds
        let isQuiet = writing.reading.output.isQuiet
        let waited = try await WaitReporter(console, isQuiet: isQuiet).wait { progress in
            guard result.mutation.id == 0 else {
                return try await manager.wait(
                    forWrite: result.mutation.id, timeoutSeconds: seconds, progress: progress)
            }
            // An idempotent create has found an existing lease.
            let reference = result.mutation.leaseID ?? result.mutation.leaseName
            return try await manager.wait(
                for: reference, clouds: [], status: .active, timeoutSeconds: seconds, progress: progress)
        }
        if result.mutation.verb == .create, let lease = waited.lease { _ = try await manager.readReserved(by: lease) }
        var done = WriteResult(
            mutation: waited.mutation ?? result.mutation, pause: nil, lease: waited.lease, notes: result.notes)
        done.isFound = result.isFound
        done.warnings = result.warnings
        return done
    }
}
