package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// A command of the tree. ArgumentParser's entry points call ``execute(_:)``, which tests call directly.
package protocol Subcommand: AsyncParsableCommand {
    /// Whether errors are written as JSON: they are if results are.
    var writesErrorsAsJSON: Bool { get }

    /// Runs the command.
    func execute(_ console: inout Console) async throws
}

extension Subcommand {
    package func run() async throws {
        var console = Console.process
        let status = await conclude(&console)
        withExtendedLifetime(console) { Self.exit(withError: ExitCode(status.rawValue)) }
    }

    /// Runs the command, and reports its error.
    ///
    /// - Returns: the exit status.
    package func conclude(_ console: inout Console) async -> ExitStatus {
        do {
            try await execute(&console)
            try console.output.flush()
            return .success
        } catch let error as ExitCode {
            return ExitStatus(rawValue: error.rawValue) ?? .failure
        } catch {
            let error = CommandError(error)
            // A reader may close the pipe when it has enough, as `head` does. That is not an error.
            if error.status != .success, !error.message.isEmpty { error.report(asJSON: writesErrorsAsJSON, &console) }
            return error.status
        }
    }
}

extension CommandError {
    /// Writes the error to standard error, in words or as JSON.
    func report(asJSON: Bool, _ console: inout Console) {
        guard !asJSON else {
            try? console.errors.write(json.text(.pretty) + "\n")
            try? console.errors.flush()
            return
        }
        console.remark("leasehold: \(message)")
        for hint in hints { console.remark(hint) }
        let time = TimeText(zone: console.zone, now: console.now())
        for candidate in candidates.prefix(20) {
            console.remark("  \(candidate.line(time))")
        }
        if candidates.count > 20 { console.remark("  and \(candidates.count - 20) more") }
    }
}
