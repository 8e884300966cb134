import ArgumentParser
import Foundation
import LeaseModel
import LeaseStore
import MirrorFixtures
import OpenStackClient
import Synchronization
import Testing

@testable import LeaseCommands
@testable import Output

/// Runs commands in this process, on a filled database, with a clock that stands at minute 12.
struct CommandFixture {
    let mirror: StoreFixture
    var environment: [String: String] = [:]
    var zone = DisplayZone.utc
    var terminal = Terminal.none
    /// The contents of standard input.
    var input = ""
    /// Answers questions; `nil` if nobody is there.
    var answers: (@Sendable (String) -> Bool)?

    init(filled: Bool = true) throws {
        mirror = try filled ? StoreFixture.filled() : StoreFixture()
    }

    func remove() { mirror.remove() }

    /// Configures the cloud alpha, which does not answer, as it was when the database was filled.
    mutating func useCloud() throws {
        let text = """
            clouds:
              alpha:
                auth: {auth_url: "http://cloud/v3", username: u1, password: never-used, project_name: p1}
            """
        try Data(text.utf8).write(to: mirror.folder.appendingPathComponent("clouds.yaml"))
        environment["OS_CLOUD"] = "alpha"
        let folder = mirror.folder.path
        let loader = CloudConfigurationLoader(
            environment: environment, homeDirectory: folder, currentDirectory: folder, siteDirectories: [])
        var identity = StoreFixture.identity()
        identity.fingerprint = try loader.load(name: "alpha").fingerprint
        _ = try mirror.store.scope(for: identity)
    }

    /// The result of a command.
    struct Result {
        let status: LeaseCommands.ExitStatus
        let output: String
        let errors: String
        var json: JSONValue? { try? JSONValue(parsing: output) }
        var errorJSON: JSONValue? { try? JSONValue(parsing: errors) }
        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// Runs a command line, without `leasehold` and `--db`.
    func run(_ arguments: String...) async throws -> Result { try await run(arguments) }

    /// Runs a command line, without `leasehold` and `--db`.
    func run(_ arguments: [String]) async throws -> Result {
        let output = SharedText()
        let errors = SharedText()
        var console = Console(
            output: output, errors: errors, outputTerminal: terminal,
            environment: environment.merging(["LEASEHOLD_DB": mirror.path]) { given, _ in given },
            currentDirectory: mirror.folder.path, homeDirectory: mirror.folder.path,
            now: { StoreFixture.time(12) }, zone: zone, input: { [input] in Array(input.utf8) })
        console.ask = answers
        let command = try #require(try CommandTree.parse(arguments) as? any Subcommand)
        let status = await command.conclude(&console)
        return Result(status: status, output: output.text, errors: errors.text)
    }

    /// Compares a text with the file of that name in Fixtures/commands. `LEASEHOLD_RECORD=1` writes the file instead.
    static func expect(_ text: String, equals name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/commands/\(name)")
        if ProcessInfo.processInfo.environment["LEASEHOLD_RECORD"] == "1" {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(text == expected, "Fixtures/commands/\(name)", sourceLocation: sourceLocation)
    }
}

/// Stores what is written, through any copy of the console.
final class SharedText: TextSink, Sendable {
    private let written = Mutex("")

    var text: String { written.withLock(\.self) }
    func write(_ text: String) { written.withLock { $0 += text } }
    func flush() {}
}
