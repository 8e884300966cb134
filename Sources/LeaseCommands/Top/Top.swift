package import ArgumentParser
import Foundation
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold top`
package struct Top: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch leases live on a terminal, from the local database.",
        discussion: .paragraphs(
            """
            Shows what runs, what ends next, what is to come, what is queued and what changed in the last day. It asks
            nothing of the network: `leasehold sync --watch` beside it keeps the database fresh, and what it reads is
            shown at once.

            Keys: up and down choose, / filters, Enter shows the lease, e extends it, d deletes it after a question, q
            ends. An extension and a deletion are queued; the next sync sends them.

            EXAMPLES
              leasehold top
              leasehold top --mine
            """))

    @OptionGroup var match: LeaseMatchOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        guard console.outputTerminal.isTerminal, console.prompt != nil else {
            throw CommandError.usage("`leasehold top` needs a terminal. In a pipe: `leasehold list`.")
        }
        let (manager, scopes) = try await reading.open(&console)
        var filter = try match.filter()
        filter.scopes = scopes
        guard let terminal = TopTerminal() else { throw CommandError.usage("`leasehold top` needs a terminal.") }
        terminal.enter()
        defer { terminal.leave() }
        let queued = try await run(terminal, manager, filter, console)
        terminal.leave()
        guard queued > 0, !reading.output.isQuiet else { return }
        console.remark("Queued here: \(queued). To send it: leasehold sync. To see it: leasehold queue")
    }

    /// Shows, and does what keys say, until the end.
    ///
    /// - Returns: how many writes were queued.
    private func run(
        _ terminal: TopTerminal, _ manager: LeaseManager, _ filter: LeaseFilter, _ console: Console
    ) async throws -> Int {
        var state = TopState()
        var known = ""
        var queued = 0
        while true {
            let style = style(terminal, console)
            if terminal.isInFront {
                // What is shown changes with the database, and with each minute.
                let stamp = stamp(console)
                if stamp != known {
                    state.snapshot = try snapshot(manager, filter, style)
                    known = stamp
                }
                let (width, height) = terminal.size
                terminal.draw(TopView(width: width, height: height, style: style).lines(&state))
            }
            switch terminal.next() {
            case .tick, .redraw: break
            case .end(let signal):
                terminal.leave()
                _exit(128 + signal)
            case .keys(let keys):
                for key in keys {
                    let action = state.press(key)
                    guard action != .quit else { return queued }
                    if await perform(action, &state, manager, style, console) { queued += 1 }
                }
            }
        }
    }

    private func style(_ terminal: TopTerminal, _ console: Console) -> OutputStyle {
        var style = reading.style(console)
        style.width = terminal.size.width
        return style
    }

    /// Does what a key asks for; what came of it is the state's notice.
    ///
    /// - Returns: whether a write was queued.
    private func perform(
        _ action: TopState.Action, _ state: inout TopState, _ manager: LeaseManager, _ style: OutputStyle,
        _ console: Console
    ) async -> Bool {
        do {
            switch action {
            case .none, .quit: return false
            case .show(let id):
                let lease = try manager.lease(id)
                let row = LeaseRow(lease, now: console.now())
                let changes = lease.isDraft ? [] : try manager.lifeline(LeaseCandidate(lease))
                var text = TextBuffer()
                try LeasePage(row, changes: changes, manager).page(style).write(to: &text)
                state.mode = .page(lines: text.text.split(separator: "\n").map(String.init), top: 0)
                return false
            case .extend(let id, let text):
                let seconds = try DurationArgument(parsing: text).seconds
                return try await queue(.extend, id, &state, style, console) { target in
                    guard let end = target.endsAt?.adding(seconds: seconds) else { return [:] }
                    return ["end_date": .string(end.blazarRequest)]
                }
            case .delete(let id): return try await queue(.delete, id, &state, style, console) { _ in [:] }
            }
        } catch {
            state.notice = CommandError(error).message
            return false
        }
    }

    private func queue(
        _ verb: Mutation.Verb, _ id: String, _ state: inout TopState, _ style: OutputStyle, _ console: Console,
        fields: (WriteTarget) throws -> JSONObject
    ) async throws -> Bool {
        let manager = try reading.global.manager(console, access: .writing)
        let result = try await manager.change(verb, id, isOffline: true, fields: fields)
        state.notice = WriteOutcome(result: result).line(style) ?? result.mutation.outlook
        return result.mutation.state == .queued
    }

    // MARK: - The database

    /// What is there now.
    private func snapshot(
        _ manager: LeaseManager, _ filter: LeaseFilter, _ style: OutputStyle
    ) throws -> TopState.Snapshot {
        let now = style.now ?? Timestamp(secondsSince1970: 0)
        let listing = LeaseListing(manager: manager, filter: filter, includesEnded: false, now: now)
        let changes = try manager.changes(since: now.adding(seconds: -86_400), scopes: filter.scopes)
        let text = ChangeText(time: style.time)
        let freshness = try manager.scopes().filter { filter.scopes?.contains($0.id) ?? true }.map { scope in
            guard let listed = scope.listedAt else { return "\(scope.site): never read" }
            let age = now.seconds(since: listed)
            return "\(scope.site): read \(age < 60 ? "now" : "\(TimeText.compact(seconds: age)) ago")"
        }
        return TopState.Snapshot(
            leases: try listing.forPeople(), writes: try manager.queue(scopes: filter.scopes),
            changes: Array(changes.filter { !text.events(of: $0).isEmpty }.suffix(5).reversed()),
            freshness: freshness.joined(separator: "; "))
    }

    /// What is different whenever the database or the minute is.
    private func stamp(_ console: Console) -> String {
        let path = reading.global.configuration(console).databasePath
        let files = [path, path + "-wal"].map { file in
            let facts = try? FileManager.default.attributesOfItem(atPath: file)
            let changed = (facts?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            return "\(facts?[.size] as? Int ?? 0) \(changed)"
        }
        return files.joined(separator: " ") + " \(console.now().secondsSince1970 / 60)"
    }
}
