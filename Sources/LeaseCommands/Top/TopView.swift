import LeaseModel
import LeaseText
import Leasehold
import Output

/// What the screen of `leasehold top` has: as many lines as it is high, none wider than it is.
struct TopView {
    let width: Int
    let height: Int
    let style: OutputStyle
    private var time: TimeText { style.time }
    private var now: Timestamp { style.now ?? Timestamp(secondsSince1970: 0) }

    /// The lines, with colours if the style has them.
    ///
    /// - Parameter state: what to show; it is told how many leases there is room for.
    /// - Returns: the lines.
    func lines(_ state: inout TopState) -> [String] {
        if case .page(let page, let top) = state.mode {
            return filled(page.dropFirst(top).map { cut($0) }, "Enter, q: back   up, down: scroll")
        }
        let queue = section("Queued", state.snapshot.writes.map(words(of:)))
        let news = section("Changed", state.snapshot.changes.flatMap(words(of:)))
        // The list has half of the screen at least.
        var below = queue + news
        let room = max(0, height - 3)
        if below.count > room / 2 { below = Array(below.prefix(room / 2)) }
        state.height = max(1, room - below.count - 1)
        var lines = [header(state), cut(state.snapshot.freshness)]
        lines += list(state)
        lines += Array(repeating: "", count: max(0, height - 1 - below.count - lines.count))
        return filled(lines + below, footer(state))
    }

    /// As many lines as the screen is high, the last of them at its foot.
    private func filled(_ lines: [String], _ foot: String) -> [String] {
        let shown = Array(lines.prefix(max(0, height - 1)))
        return shown + Array(repeating: "", count: max(0, height - 1 - shown.count)) + [cut(foot)]
    }

    private func cut(_ text: String) -> String { TextWidth.cut(text.escapedForTerminal, to: width) }

    private func header(_ state: TopState) -> String {
        let leases = state.snapshot.leases
        let running = leases.filter { $0.rank == 1 }
        var parts = ["\(running.count) running", "\(leases.count { $0.rank == 2 }) to come"]
        if !state.snapshot.writes.isEmpty { parts.append("\(state.snapshot.writes.count) queued") }
        var left = parts.joined(separator: ", ")
        if let next = running.min(by: { $0.lease.endsAt < $1.lease.endsAt }) {
            let length = TimeText.compact(seconds: max(0, next.lease.endsAt.seconds(since: now)))
            left += "; next to end: \(next.lease.name), in \(length)"
        }
        let clock = time.zoned(now)
        let space = width - TextWidth.columns(left.escapedForTerminal) - TextWidth.columns(clock)
        return space < 2 ? cut(left) : left.escapedForTerminal + String(repeating: " ", count: space) + clock
    }

    private func footer(_ state: TopState) -> String {
        switch state.mode {
        case .filter: "/\(state.filter)_   Enter: keep   Esc: all"
        case .extending(_, let name, let text): "Extend \(name) by (2h, 1d): \(text)_   Enter: queue it   Esc: do not"
        case .deleting(_, let name): "Delete \(name)? y: queue it   any other key: do not"
        case .list where !state.notice.isEmpty: state.notice
        case .list, .page:
            (state.filter.isEmpty ? "" : "[\(state.filter)]  ")
                + "/ filter   Enter show   e extend   d delete   q quit"
        }
    }

    // MARK: - Leases

    private func list(_ state: TopState) -> [String] {
        let leases = state.leases
        guard !leases.isEmpty else {
            return [state.filter.isEmpty ? "No lease runs or is to come." : "No lease has '\(state.filter)'."].map(cut)
        }
        // The selected one is in sight.
        let first = max(0, min(state.selection - state.height / 2, leases.count - state.height))
        let shown = leases[first..<min(leases.count, first + state.height)]
        var style = style
        style.width = width - 2
        style.isForTerminal = true
        style.wraps = false
        style.usesColor = false
        var text = TextBuffer()
        guard let selection = try? ColumnSelection(from: LeaseRow.terminalColumns, format: .table) else { return [] }
        try? ListOutput.write(shown, selection: selection, style: style, to: &text)
        return text.text.split(separator: "\n", omittingEmptySubsequences: false).prefix(shown.count + 1).enumerated()
            .map { number, line in
                let isSelected = number > 0 && first + number - 1 == state.selection
                let row = TextWidth.cut((isSelected ? "> " : "  ") + line, to: width)
                guard self.style.usesColor else { return row }
                if number == 0 { return "\u{1B}[1m\(row)\u{1B}[0m" }
                return isSelected ? "\u{1B}[7m\(row)\u{1B}[0m" : row
            }
    }

    // MARK: - Below

    private func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : [title] + lines.prefix(5).map { cut("  " + $0) }
    }

    private func words(of write: Mutation) -> String {
        let text = WriteText(mutation: write, time: time)
        return "\(write.id)  \(text.clause)" + (write.state == .queued ? "" : "   \(text.standing)")
    }

    private func words(of change: LeaseChange) -> [String] {
        ChangeText(time: time).events(of: change).map { event in
            "\(time.moment(event.moment))  \(change.lease.name)   \(event.words)"
        }
    }
}
