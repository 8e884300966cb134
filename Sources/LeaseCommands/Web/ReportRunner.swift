import ArgumentParser
import Foundation
import LeaseModel
import Leasehold
import Output
import Synchronization

/// Makes the reports of the web page: each is a run of the command itself, in this process.
struct ReportRunner: Sendable {
    let databasePath: String
    let environment: [String: String]
    let currentDirectory: String
    let homeDirectory: String
    let now: @Sendable () -> Timestamp
    let zone: DisplayZone

    /// - Parameters:
    ///   - console: the surroundings of the command that serves the page.
    ///   - databasePath: the database.
    ///   - zone: the page's zone.
    init(_ console: Console, databasePath: String, zone: DisplayZone) {
        self.databasePath = databasePath
        self.zone = zone
        environment = console.environment
        currentDirectory = console.currentDirectory
        homeDirectory = console.homeDirectory
        now = console.now
    }

    /// What `leasehold` with these arguments writes to standard output. Only `report` is understood.
    ///
    /// - Throws: ``LeaseholdError`` with the command's message.
    func text(_ arguments: [String]) async throws -> String {
        guard arguments.first == "report" else {
            throw LeaseholdError(code: .invalid, message: "Only reports are made here.")
        }
        let words = Array(arguments.dropFirst()) + ["--db=\(databasePath)"]
        let command: any ParsableCommand
        do {
            command = try ReportCommand.parseAsRoot(words)
        } catch {
            throw LeaseholdError(code: .invalid, message: Self.sentence(ReportCommand.message(for: error)))
        }
        guard let report = command as? any Subcommand else {
            throw LeaseholdError(code: .invalid, message: "There is no such report.")
        }
        let sink = SharedText()
        var console = Console(
            output: sink, errors: TextBuffer(), environment: environment, currentDirectory: currentDirectory,
            homeDirectory: homeDirectory, now: now, zone: zone)
        do {
            try await report.execute(&console)
        } catch {
            let error = CommandError(error)
            throw LeaseholdError(code: error.status == .cannotOpen ? .database : .invalid, message: error.message)
        }
        return sink.text
    }

    /// The first line of a message of the parser's.
    private static func sentence(_ message: String) -> String {
        message.split(separator: "\n").first.map(String.init) ?? message
    }
}

/// Collects what a command writes; the copies of a console share it.
private final class SharedText: TextSink, Sendable {
    private let contents = Mutex("")

    var text: String { contents.withLock { $0 } }

    func write(_ text: String) { contents.withLock { $0 += text } }
    func flush() {}
}
