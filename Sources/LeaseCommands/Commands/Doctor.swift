package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold doctor`
package struct Doctor: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find out why something does not work: configuration, login, Blazar, database.",
        usage: "leasehold doctor [<options>]",
        discussion: """
            Talks to the clouds, and changes nothing. Without --os-cloud, to every cloud that is configured.

            EXAMPLES
              leasehold doctor
              leasehold doctor --os-cloud chi_uc
            """)

    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        var configuration = reading.global.configuration(console)
        // It finds out what is the case, and a login would change that.
        configuration.assistant = nil
        var findings = [database(console)]
        let names = reading.global.names(console)
        findings += await LeaseManager.diagnose(names.isEmpty ? .all : reading.global.selection(console), configuration)
        if let message = LeaseManager.policyProblem(configuration) {
            findings.append(Diagnosis(subject: "policy", step: "read", verdict: .warning, message: message))
        }
        try reading.write(findings, Self.columns, &console)
        if findings.contains(where: { $0.verdict == .bad }) { throw ExitCode(ExitStatus.failure.rawValue) }
    }

    private func database(_ console: Console) -> Diagnosis {
        let path = reading.global.configuration(console).databasePath
        do throws(LeaseholdError) {
            let problems = try reading.global.manager(console).checkDatabase()
            return Diagnosis(
                subject: "database", step: "integrity", verdict: problems.isEmpty ? .good : .bad,
                message: problems.isEmpty ? path : "\(path): \(problems.prefix(3).joined(separator: "; "))")
        } catch {
            // Before the first sync there is none, and that is no fault.
            return Diagnosis(subject: "database", step: "open", verdict: .warning, message: error.message)
        }
    }

    private static let columns: [Column<Diagnosis>] = [
        Column("subject") { .text($0.subject) },
        Column("step") { .text($0.step) },
        Column("verdict") { .status($0.verdict.rawValue) },
        Column("message", isShrinkable: false) { .text($0.message) },
    ]
}
