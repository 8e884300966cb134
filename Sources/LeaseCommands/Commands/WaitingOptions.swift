import ArgumentParser
import LeaseModel
import Leasehold

/// The options of a command that may wait for what it asked for.
package struct WaitingOptions: ParsableArguments {
    @Flag(name: .customLong("wait"), help: "Wait until it is carried out: a new lease until it is active.")
    var waits = false

    @Option(name: .customLong("timeout"), help: ArgumentHelp("How long to wait at most.", valueName: "duration"))
    var timeout = "10m"

    package init() {}

    /// Waits until the lease of a write has a status.
    ///
    /// - Returns: the result, with the lease as it is then.
    func wait(
        for result: WriteResult, status: LeaseStatus, _ manager: LeaseManager, _ console: Console, isQuiet: Bool
    ) async throws -> WriteResult {
        let seconds = try DurationArgument(parsing: timeout).seconds
        let reference = result.mutation.leaseID ?? result.mutation.localID ?? result.mutation.leaseName
        let waited = try await WaitReporter(console, isQuiet: isQuiet).wait { progress in
            try await manager.wait(
                for: reference, clouds: [], status: status, timeoutSeconds: seconds, progress: progress)
        }
        var mutation = waited.mutation
        if mutation == nil, result.mutation.id != 0 { mutation = try manager.mutation(result.mutation.id).mutation }
        var done = WriteResult(
            mutation: mutation ?? result.mutation, pause: nil, lease: waited.lease, notes: result.notes)
        done.isFound = result.isFound
        done.warnings = result.warnings
        return done
    }
}
