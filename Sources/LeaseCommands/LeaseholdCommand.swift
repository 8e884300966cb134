package import ArgumentParser
import BuildVersion
import LeaseModel
import Leasehold
import Output

/// `leasehold`
package struct LeaseholdCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "leasehold",
        abstract: "Manage OpenStack Blazar leases with a local mirror: fast, offline, with history.",
        discussion: .paragraphs(
            """
            Clouds come from clouds.yaml and the OS_* variables, as in the openstack command. `leasehold sync` reads
            them and sends queued writes. Commands that read answer from the local database, and use the network only
            with --refresh. Commands that write queue first, and send at once if they can.

            EXAMPLES
              leasehold sync --os-cloud all
              leasehold list --mine
              leasehold id mylease

            EXIT STATUS
              0 done, 64 usage, 65 ambiguous or invalid data, 66 not found, 69 cloud unreachable, 73 database,
              74 output, 75 not finished in time, 77 refused or not authenticated, 78 configuration
            """),
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Leases",
                subcommands: [
                    LeaseList.self, LeaseShow.self, LeaseIdentify.self, ReservationList.self, ReservationIdentify.self,
                    HistoryCommand.self, ChangeList.self, Top.self, WebCommand.self,
                ]),
            CommandGroup(
                name: "Writing",
                subcommands: [
                    LeaseCreate.self, LeaseExtend.self, LeaseUpdate.self, LeaseDelete.self, LeaseWait.self,
                    KeepCommand.self, QueueCommand.self,
                ]),
            CommandGroup(
                name: "Sites",
                subcommands: [
                    Sync.self, Pull.self, SiteStatus.self, SiteList.self, HostList.self, DeviceList.self,
                    FlavorList.self,
                    FloatingIPList.self, FreeList.self, SlotFind.self,
                ]),
            CommandGroup(name: "Reports", subcommands: [ReportCommand.self, ExportCommand.self]),
            CommandGroup(
                name: "Upkeep",
                subcommands: [
                    Login.self, Logout.self, NotifyCommand.self, PublishCommand.self, Doctor.self, DatabaseCommand.self,
                    Completion.self,
                ]),
        ])

    /// The version, and of a package what it was built from: `0.1.0 (v0.1.0-3-g1234567)`.
    private static var version: String {
        let build = String(cString: leasehold_build())
        return build.isEmpty ? LeaseManager.version : "\(LeaseManager.version) (\(build))"
    }

    package init() {}
}

/// A command of the tree. ArgumentParser's entry points call ``execute(_:)``, which tests call directly.
package protocol Subcommand: AsyncParsableCommand {
    /// Whether errors are written as JSON: they are if results are.
    var writesErrorsAsJSON: Bool { get }

    /// Runs the command.
    func execute(_ console: inout Console) async throws
}

extension Subcommand {
    package var writesErrorsAsJSON: Bool { false }

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

extension String {
    /// A help text in which each paragraph is one line, so that help is wrapped only to the width of the terminal.
    /// Indented lines, such as examples, and lines below a heading stay as they are.
    static func paragraphs(_ text: String) -> String {
        var lines: [String] = []
        var joins = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            let isHeading = !line.isEmpty && line == line.uppercased() && line.allSatisfy { $0.isLetter || $0 == " " }
            let isText = !line.isEmpty && !line.hasPrefix(" ") && !isHeading
            if isText, joins {
                lines[lines.count - 1] += " " + line
            } else {
                lines.append(line)
            }
            joins = isText
        }
        return lines.joined(separator: "\n")
    }
}
