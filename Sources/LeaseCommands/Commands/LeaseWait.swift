package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold wait`
package struct LeaseWait: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until leases are active, or have another status.",
        usage: "leasehold wait <lease> ... [<options>]",
        discussion: .paragraphs(
            """
            A queued lease is sent first. Exit status 75 if it takes longer than --timeout, 77 if the lease ends in ERROR
            or was refused.

            EXAMPLES
              leasehold wait mylease
              leasehold wait first second
              leasehold wait mylease --status terminated --timeout 1d
            """))

    @Argument(
        help: ArgumentHelp(
            "The leases: a name, an id, the beginning of an id, or a local id.", valueName: "lease"),
        completion: .values(.leases))
    var references: [String]
    @Option(
        name: .customLong("status"), help: ArgumentHelp("The status to wait for.", valueName: "status"),
        completion: .list(LeaseStatus.known.map { $0.rawValue.lowercased() }))
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
        let deadline = console.now().adding(seconds: seconds)
        var details: [LeaseDetail] = []
        for reference in references {
            let rest = max(0, deadline.seconds(since: console.now()))
            let result = try await WaitReporter(console, isQuiet: reading.output.isQuiet).wait { progress in
                try await manager.wait(
                    for: reference, clouds: clouds, status: wanted, timeoutSeconds: rest, progress: progress)
            }
            guard let lease = result.lease else { continue }
            _ = try await manager.readReserved(by: lease)
            details.append(LeaseDetail(row: LeaseRow(lease, now: console.now())))
        }
        if reading.isPage(console) {
            guard !reading.output.isQuiet else { return }
            var page = TextPage(reading.style(console))
            for row in details.map(\.row) {
                page.line(
                    "\(row.lease.name) is \(row.lease.status), ends \(page.time.zoned(row.lease.endsAt))",
                    right: row.lease.id)
            }
            try reading.write(page, &console)
        } else if references.count > 1 {
            try reading.write(details.map(\.row), LeaseRow.columns, &console)
        } else if let detail = details.first {
            try reading.show(detail, LeaseDetail.columns, &console)
        }
    }
}
