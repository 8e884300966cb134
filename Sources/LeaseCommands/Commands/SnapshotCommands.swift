package import ArgumentParser
import Foundation
import LeaseModel
import LeasePublish
import Leasehold
import Output

/// `leasehold publish snapshot`
package struct PublishSnapshot: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Write a compressed copy of the database into a folder, for any web server to serve.",
        usage: "leasehold publish snapshot <folder> [<options>]",
        discussion: .paragraphs(
            """
            The copy has leases, history, resources and names, but not the queue, the kept leases and the reminders.
            `leasehold pull` takes it. The manifest, leasehold-snapshot.json, is replaced when the copy is complete; the
            copy before it stays, and older ones are removed. Anyone who can read the folder can read the whole copy,
            so restrict access in the web server. With --project, everything about other projects is left out.

            EXAMPLES
              leasehold publish snapshot public
              leasehold publish snapshot public/ml --project project1 --without users
            """))

    @Argument(help: ArgumentHelp("The folder, made if needed.", valueName: "folder"), completion: .directory)
    var folder: String
    @Option(
        name: .customLong("project"), parsing: .singleValue,
        help: ArgumentHelp("Only this project, by id or name; repeat it for more.", valueName: "project"))
    var projects: [String] = []
    @Option(name: .customLong("without"), help: ArgumentHelp("Leave out the names of users.", valueName: "users"))
    var leftOut: LeftOut?
    @OptionGroup package var global: GlobalOptions
    @OptionGroup var output: OutputOptions

    /// What can be left out.
    enum LeftOut: String, ExpressibleByArgument, CaseIterable {
        case users
    }

    package init() {}
    package var writesErrorsAsJSON: Bool { output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let configuration = global.configuration(console)
        let path = folder.hasPrefix("/") ? folder : "\(console.currentDirectory)/\(folder)"
        let publisher = SnapshotPublisher(
            databasePath: configuration.databasePath, folder: path, environment: console.environment, now: console.now)
        Interruption.report(to: console) {
            publisher.discard()
            return "Stopped: no snapshot was written."
        }
        let manifest: SnapshotManifest
        do throws(PublishError) {
            manifest = try publisher.publish(
                projects: projects.isEmpty ? nil : projects, leavesOutUsers: leftOut == .users)
        } catch {
            throw CommandError(error)
        }
        try SnapshotManifest.write(manifest, output, &console)
        guard output.format.isForPeople, !output.isQuiet else { return }
        console.remark(
            "\(folder): wrote snapshot \(manifest.version), \(ProgressBar.bytes(Double(manifest.bytes))) compressed.")
    }
}

/// `leasehold pull`
package struct Pull: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Take the latest snapshot of a collector from a web server.",
        usage: "leasehold pull <url> [--accept-older] [<options>]",
        discussion: .paragraphs(
            """
            The snapshot is checked like any import, and merged: what was seen later wins, and your own queue and clouds
            stay as they are. Nothing is fetched if nothing is new. A snapshot that is older than the one taken last is
            refused.

            The variable LEASEHOLD_PULL_TOKEN is sent as a bearer token, but only over https, or to this machine.

            EXAMPLES
              leasehold pull https://leases.example.org/snapshots/
              leasehold pull https://leases.example.org/snapshots/ml --accept-older
            """))

    @Argument(help: ArgumentHelp("The folder of the snapshots, or their manifest.", valueName: "url"))
    var url: String
    @Flag(name: .customLong("accept-older"), help: "Accept a snapshot that is older than the last one.")
    var acceptsOlder = false
    @OptionGroup package var global: GlobalOptions
    @OptionGroup var output: OutputOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let configuration = global.configuration(console)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "leasehold-pull-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandError(
                code: "output", message: "\(folder.path) cannot be made: \(error.localizedDescription)",
                status: .outputFailed)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        Interruption.report(to: console) {
            try? FileManager.default.removeItem(at: folder)
            return "Stopped: the next pull takes what is missing."
        }
        let (puller, outcome) = try await fetch(into: folder.path, configuration, console)
        let time = TimeText(zone: output.usesUTC ? .utc : console.zone, now: console.now())
        guard case .new(let fetched) = outcome else {
            if case .nothingNew(let madeAt) = outcome, !output.isQuiet {
                console.remark("Nothing new: the snapshot of \(time.full(madeAt)) was taken before.")
            }
            return
        }
        let reports = try LeaseManager(configuration, access: .writing).importHistory(from: [fetched.path])
        do throws(PublishError) {
            try puller.note(fetched)
        } catch {
            throw CommandError(error)
        }
        try show(fetched, reports, time, &console)
    }

    private func fetch(
        into folder: String, _ configuration: LeaseManager.Configuration, _ console: Console
    ) async throws(CommandError) -> (SnapshotPuller, SnapshotPuller.Outcome) {
        do throws(PublishError) {
            let puller = try SnapshotPuller(
                url: url, databasePath: configuration.databasePath, environment: console.environment,
                userAgent: "leasehold/\(LeaseManager.version)", now: console.now)
            return (puller, try await puller.fetch(into: folder, acceptsOlder: acceptsOlder))
        } catch {
            throw CommandError(error)
        }
    }

    private func show(
        _ fetched: SnapshotPuller.Fetched, _ reports: [ImportReport], _ time: TimeText, _ console: inout Console
    ) throws {
        var columns = ImportRow.columns
        columns.removeAll { ["file", "kind", "dated_by_file"].contains($0.key) }
        let selection = try ColumnSelection(
            from: columns, names: output.columnNames, sort: output.sort, format: output.format)
        let style = OutputStyle(options: output, terminal: console.outputTerminal, zone: console.zone)
        try ListOutput.write(reports, selection: selection, style: style, to: &console.output)
        guard !output.isQuiet else { return }
        if let remark = fetched.remark { console.remark(remark) }
        guard output.format.isForPeople else { return }
        let manifest = fetched.manifest
        console.remark("Took snapshot \(manifest.version) of \(time.full(manifest.madeAt)).")
        for site in manifest.sites {
            let read = site.readAt.map { "read \(TimeText.relative($0, to: console.now())) (\(time.moment($0)))" }
            console.remark("\(site.name): \(read ?? "never read")")
        }
    }
}

extension SnapshotManifest {
    fileprivate static func write(
        _ manifest: SnapshotManifest, _ output: OutputOptions, _ console: inout Console
    ) throws {
        let columns: [Column<SnapshotManifest>] = [
            Column("version") { .number(Int($0.version)) },
            Column("made_at", heading: "MADE") { .time($0.madeAt) },
            Column("sites") { .text($0.sites.map(\.name).joined(separator: ", ")) },
            Column("bytes") { .number(Int($0.bytes)) },
            Column("file") { .text($0.file) },
            Column("database_bytes", visibility: .structured) { .number(Int($0.databaseBytes)) },
            Column("sha256", visibility: .structured) { .text($0.sha256) },
            Column("series", visibility: .structured) { .text($0.series) },
        ]
        let selection = try ColumnSelection(
            from: columns, names: output.columnNames, sort: output.sort, format: output.format)
        let style = OutputStyle(options: output, terminal: console.outputTerminal, zone: console.zone)
        try ListOutput.write([manifest], selection: selection, style: style, to: &console.output)
    }
}
