package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold wait`
package struct LeaseWait: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until a lease is active, or has another status.",
        discussion: """
            A queued lease is sent first. Exit status 75 if it takes longer than --timeout, 77 if the lease ends in ERROR
            or was refused.

            EXAMPLES
              leasehold wait mylease
              leasehold wait mylease --status terminated --timeout 1d
            """)

    @Argument(help: "The lease: its name, its id, the beginning of its id, or its local id.")
    var reference: String
    @Option(name: .customLong("status"), help: ArgumentHelp("The status to wait for.", valueName: "status"))
    var status = "active"
    @Option(name: .customLong("timeout"), help: ArgumentHelp("How long to wait at most.", valueName: "duration"))
    var timeout = "10m"
    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let seconds = try DurationArgument(parsing: timeout).seconds
        let wanted = LeaseStatus(rawValue: status.uppercased())
        guard LeaseStatus.known.contains(wanted) else {
            throw CommandError.usage(
                "There is no status '\(status)'. Known: \(LeaseStatus.known.map(\.rawValue).joined(separator: ", ")).")
        }
        let manager = try reading.global.manager(console, access: .writing)
        let clouds = reading.global.names(console)
        let result = try await WaitReporter(console, isQuiet: reading.output.isQuiet).wait { progress in
            try await manager.wait(
                for: reference, clouds: clouds, status: wanted, timeoutSeconds: seconds, progress: progress)
        }
        if let lease = result.lease {
            _ = try await manager.readReserved(by: lease)
            let detail = LeaseDetail(row: LeaseRow(lease, now: console.now()))
            try reading.show(detail, LeaseDetail.columns, &console)
        }
    }
}
