import LeaseModel
import LeaseText
import Leasehold

/// What `leasehold top` knows, and what its keys do. It touches neither the terminal nor the database.
struct TopState {
    /// What the database says.
    struct Snapshot {
        /// What runs, comes or is queued, in the order of `list`.
        var leases: [LeaseRow] = []
        /// The writes that wait, the oldest first.
        var writes: [Mutation] = []
        /// What was seen to change, the newest first.
        var changes: [LeaseChange] = []
        /// How long ago each site was read.
        var freshness = ""
    }

    /// What the keys are for.
    enum Mode: Equatable {
        case list
        /// A filter is being typed.
        case filter
        /// How much later a lease is to end is being typed.
        case extending(id: String, name: String, text: String)
        /// A lease is deleted after a `y`.
        case deleting(id: String, name: String)
        /// A page about one lease is read.
        case page(lines: [String], top: Int)
    }

    /// What the program has to do after a key.
    enum Action: Equatable {
        case none
        case quit
        case show(id: String)
        case extend(id: String, by: String)
        case delete(id: String)
    }

    var snapshot = Snapshot() { didSet { keepSelection() } }
    var mode = Mode.list
    var filter = "" { didSet { keepSelection() } }
    /// What came of the last action.
    var notice = ""
    /// How many rows of leases the screen has; the view says so.
    var height = 10
    private(set) var selectedID: String?
    private var position = 0

    /// The leases that have all words of the filter.
    var leases: [LeaseRow] {
        let words = filter.lowercased().split(separator: " ")
        guard !words.isEmpty else { return snapshot.leases }
        return snapshot.leases.filter { row in
            let text = [
                row.lease.name, row.lease.id, row.lease.status.rawValue, row.mirrored.userName ?? "",
                row.mirrored.projectName ?? "", row.mirrored.site, row.resources,
            ].joined(separator: "\n").lowercased()
            return words.allSatisfy { text.contains($0) }
        }
    }

    /// Where the selected lease is in the list.
    var selection: Int { position }

    private var selected: LeaseRow? {
        let leases = leases
        return leases.indices.contains(position) ? leases[position] : nil
    }

    /// The same lease stays selected where it is now; if it is gone, the one in its place is.
    private mutating func keepSelection() {
        let leases = leases
        if let index = leases.firstIndex(where: { $0.lease.id == selectedID }) {
            position = index
        } else {
            position = min(position, max(0, leases.count - 1))
            selectedID = selected?.lease.id
        }
    }

    private mutating func move(to index: Int) {
        position = min(max(0, index), max(0, leases.count - 1))
        selectedID = selected?.lease.id
    }

    // MARK: - Keys

    mutating func press(_ key: TopKey) -> Action {
        switch mode {
        case .list: return pressInList(key)
        case .filter:
            switch key {
            case .escape: (filter, mode) = ("", .list)
            case .enter: mode = .list
            case .backspace: filter = String(filter.dropLast())
            case .character(let character): filter.append(character)
            default: _ = pressInList(key)
            }
            return .none
        case .extending(let id, let name, let text):
            switch key {
            case .escape: mode = .list
            case .enter:
                mode = .list
                return text.isEmpty ? .none : .extend(id: id, by: text)
            case .backspace: mode = .extending(id: id, name: name, text: String(text.dropLast()))
            case .character(let character): mode = .extending(id: id, name: name, text: text + String(character))
            default: break
            }
            return .none
        case .deleting(let id, _):
            mode = .list
            if key == .character("y") || key == .character("Y") { return .delete(id: id) }
            notice = "Nothing was deleted."
            return .none
        case .page(let lines, let top):
            switch key {
            case .up, .character("k"): mode = .page(lines: lines, top: max(0, top - 1))
            case .down, .character("j"): mode = .page(lines: lines, top: min(max(0, lines.count - 1), top + 1))
            case .escape, .enter, .backspace, .character("q"): mode = .list
            default: break
            }
            return .none
        }
    }

    private mutating func pressInList(_ key: TopKey) -> Action {
        notice = ""
        switch key {
        case .up, .character("k"): move(to: position - 1)
        case .down, .character("j"): move(to: position + 1)
        case .pageUp: move(to: position - height)
        case .pageDown: move(to: position + height)
        case .first: move(to: 0)
        case .last: move(to: leases.count - 1)
        case .escape: filter = ""
        case .character("/"): mode = .filter
        case .character("q"): return .quit
        case .enter: return selected.map { .show(id: $0.lease.id) } ?? .none
        case .character("e"):
            if let lease = selected?.lease { mode = .extending(id: lease.id, name: lease.name, text: "") }
        case .character("d"):
            if let lease = selected?.lease { mode = .deleting(id: lease.id, name: lease.name) }
        default: break
        }
        return .none
    }
}
