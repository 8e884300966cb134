package import ArgumentParser
import Foundation
import LeaseModel
import Leasehold
import Output
import Reminders

/// `leasehold doctor`
package struct Doctor: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find out why something does not work: configuration, login, Blazar, database.",
        usage: "leasehold doctor [<options>]",
        discussion: .paragraphs(
            """
            This contacts the clouds and changes nothing. Without --os-cloud it checks every configured cloud.

            EXAMPLES
              leasehold doctor
              leasehold doctor --os-cloud chi_uc
            """))

    @Flag(name: .customLong("offline"), help: "Check only the configuration and the database; contact no cloud.")
    var isOffline = false
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        var configuration = reading.global.configuration(console)
        // The doctor finds out how things are, and a login would change that.
        configuration.assistant = nil
        let manager = Result { () throws(LeaseholdError) in try reading.global.manager(console) }
        var findings = [database(manager, console)]
        let names = reading.global.names(console)
        let isAll = names.isEmpty && configuration.cloudOptions.isEmpty
        let clouds = isAll ? Clouds.all : reading.global.selection(console)
        findings += await console.waiting(for: names, isQuiet: reading.output.isQuiet) {
            await LeaseManager.diagnose(clouds, configuration, offline: isOffline)
        }.map { finding in aged(finding, manager, now: console.now()) }
        if let message = LeaseManager.policyProblem(configuration) {
            findings.append(Diagnosis(subject: "policy", step: "read", verdict: .warning, message: message))
        }
        findings += Self.reminders(manager, configuration)
        if reading.isPage(console) {
            try reading.write(page(findings, reading.style(console)), &console)
        } else {
            try reading.write(findings, Self.columns, &console)
        }
        let statuses = findings.filter { $0.verdict == .bad }.map(\.status)
        if let first = statuses.first {
            // The common status of all failures, if they have one.
            throw ExitCode((statuses.allSatisfy { $0 == first } ? first : .failure).rawValue)
        }
    }

    /// A line for each finding, and the number of problems.
    private func page(_ findings: [Diagnosis], _ style: OutputStyle) -> TextPage {
        var page = TextPage(style)
        let width = findings.reduce(0) { max($0, TextWidth.columns($1.subject)) } + 2
        for finding in findings {
            let (word, emphasis): (String, CellText.Emphasis) =
                switch finding.verdict {
                case .good: ("ok", .good)
                case .warning: ("note", .waiting)
                case .bad: ("FAIL", .bad)
                }
            let step = finding.step == "integrity" ? "" : "\(finding.step): "
            page.field(
                word + String(repeating: " ", count: 6 - word.count) + finding.subject, step + finding.message,
                indent: 0,
                width: width + 6, emphasis: emphasis)
        }
        let problems = findings.count { $0.verdict == .bad }
        page.line(problems == 0 ? "No problems" : "\(problems) problem\(problems == 1 ? "" : "s")")
        return page
    }

    /// The finding that a cloud can be used, with the time at which it was last read.
    private func aged(
        _ finding: Diagnosis, _ manager: Result<LeaseManager, LeaseholdError>, now: Timestamp
    ) -> Diagnosis {
        guard finding.step == "reservation service", finding.verdict == .good, let manager = try? manager.get(),
            let scopes = try? manager.scopes()
        else { return finding }
        let listed = scopes.filter { $0.clouds.contains(finding.subject) }.compactMap(\.listedAt).max()
        let age = listed.map { "read \(TimeText.relative($0, to: now))" } ?? "never read"
        return Diagnosis(
            subject: finding.subject, step: finding.step, verdict: finding.verdict,
            message: "\(finding.message); \(age)")
    }

    private func database(_ manager: Result<LeaseManager, LeaseholdError>, _ console: Console) -> Diagnosis {
        let path = reading.global.configuration(console).databasePath
        do throws(LeaseholdError) {
            let manager = try manager.get()
            let problems = try manager.checkDatabase()
            let leases = problems.isEmpty ? try manager.count(LeaseFilter()) : 0
            return Diagnosis(
                subject: "database", step: "integrity", verdict: problems.isEmpty ? .good : .bad,
                message: problems.isEmpty
                    ? "\(path), \(leases) lease\(leases == 1 ? "" : "s")"
                    : "\(path): \(problems.prefix(3).joined(separator: "; "))")
        } catch {
            // Before the first sync there is no database, which is not a problem.
            let exists = FileManager.default.fileExists(atPath: path)
            return Diagnosis(
                subject: "database", step: "open", verdict: exists ? .bad : .warning, message: error.message)
        }
    }

    /// What is known of reminders: the file, and the channels that fail. Nothing if there is no file.
    private static func reminders(
        _ manager: Result<LeaseManager, LeaseholdError>, _ configuration: LeaseManager.Configuration
    ) -> [Diagnosis] {
        func finding(_ verdict: Diagnosis.Verdict, _ message: String) -> [Diagnosis] {
            [Diagnosis(subject: "reminders", step: "notify.yaml", verdict: verdict, message: message)]
        }
        do throws(LeaseholdError) {
            guard let desk = try LeaseManager.reminderDesk(configuration) else { return [] }
            let names = desk.channels.map(\.name)
            var failing: [(channel: String, sentence: String)] = []
            if let manager = try? manager.get() {
                failing = manager.failingChannels(try manager.reminderLog(), now: configuration.now())
            }
            return finding(.good, "\(desk.path): \(names.joined(separator: ", "))")
                + failing.filter { names.contains($0.channel) }.flatMap { channel, sentence in
                    [Diagnosis(subject: "reminders", step: channel, verdict: .warning, message: sentence)]
                }
        } catch {
            return finding(.bad, error.message)
        }
    }

    private static let columns: [Column<Diagnosis>] = [
        Column("subject") { .text($0.subject) },
        Column("step") { .text($0.step) },
        Column("verdict") { .status($0.verdict.rawValue) },
        Column("message", isShrinkable: false) { .text($0.message) },
    ]
}

extension Diagnosis {
    /// The exit status for this problem, as for any other command that meets it.
    fileprivate var status: ExitStatus {
        switch step {
        case "configuration", "notify.yaml": .configuration
        case "integrity", "open": .cannotOpen
        case "network", "catalog", "reservation service": .unavailable
        default: .refused
        }
    }
}
