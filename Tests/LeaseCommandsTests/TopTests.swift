import Foundation
import LeaseModel
import LeaseStore
import LeaseText
import Leasehold
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("leasehold top: what its keys do, and what it shows")
struct TopTests {
    private func with(_ body: (inout TopState, (Int, Int) -> TopView) throws -> Void) throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let now = StoreFixture.time(12)
        var leases: [LeaseRow] = []
        let folder = fixture.mirror.folder.path
        let manager = try LeaseManager(
            LeaseManager.Configuration(
                databasePath: fixture.mirror.path, environment: [:], currentDirectory: folder, homeDirectory: folder,
                now: { now }), access: .reading)
        try manager.forEachLease(LeaseFilter()) { lease in leases.append(LeaseRow(lease, now: now)) }
        var state = TopState()
        state.snapshot = TopState.Snapshot(leases: leases.filter(\.isLive), freshness: "alpha: read now")
        try body(&state) { width, height in
            var style = OutputStyle(format: .table, width: width, zone: chicago)
            style.now = now
            return TopView(width: width, height: height, style: style)
        }
    }

    private func press(_ state: inout TopState, _ keys: TopKey...) -> [TopState.Action] {
        keys.map { state.press($0) }
    }

    @Test("reads keys as terminals send them")
    func keys() {
        #expect(TopKey.keys(Array("\u{1B}[A\u{1B}OB\u{1B}[5~\u{1B}[1;5H".utf8)) == [.up, .down, .pageUp, .first])
        #expect(
            TopKey.keys(Array("q\r\u{7F}é日".utf8)) == [
                .character("q"), .enter, .backspace, .character("é"), .character("日"),
            ])
        #expect(TopKey.keys(Array("\u{1B}".utf8)) == [.escape])
        #expect(TopKey.keys(Array("\u{1B}[99~\u{01}".utf8)) == [])
        #expect(TopKey.keys([0xFF, 0x71]).last == .character("q"))
    }

    @Test("the screen is filled exactly, at any size, and the selected lease is in sight")
    func sizes() throws {
        try with { state, view in
            for width in [20, 40, 80, 200] {
                for height in [1, 2, 3, 5, 24, 60] {
                    for _ in 0..<4 {
                        let lines = view(width, height).lines(&state)
                        #expect(lines.count == height)
                        #expect(lines.allSatisfy { TextWidth.columns($0) <= width }, "\(width): \(lines)")
                        if height >= 24 { #expect(lines.count { $0.hasPrefix("> ") } == 1) }
                        _ = state.press(.down)
                    }
                }
            }
        }
    }

    @Test("the selection moves within the list and stays with its lease")
    func selection() throws {
        try with { state, _ in
            let ids = state.leases.map(\.lease.id)
            #expect(ids.count > 2)
            #expect(press(&state, .up, .down, .down).allSatisfy { $0 == .none })
            #expect(state.selectedID == ids[2])
            // The first is gone: the same lease is now the second.
            state.snapshot.leases.removeFirst()
            #expect(state.selectedID == ids[2] && state.selection == 1)
            state.snapshot.leases.removeAll { $0.lease.id == ids[2] }
            #expect(state.selectedID != ids[2] && state.leases.indices.contains(state.selection))
            _ = press(&state, .last, .down)
            #expect(state.selectedID == ids.last)
            #expect(press(&state, .first, .enter).last == .show(id: state.leases[0].lease.id))
            state.snapshot.leases = []
            #expect(press(&state, .enter, .character("e"), .character("d"), .down, .last).allSatisfy { $0 == .none })
            #expect(state.mode == .list)
        }
    }

    @Test("a filter narrows while it is typed, and q is a letter in it")
    func filter() throws {
        try with { state, view in
            _ = press(&state, .character("/"), .character("N"), .character("q"), .backspace, .character("i"))
            #expect(state.leases.allSatisfy { $0.lease.name.hasPrefix("ni") || $0.resources.contains("ni") })
            #expect(view(80, 24).lines(&state).last?.hasPrefix("/Ni_") == true)
            let count = state.leases.count
            _ = press(&state, .enter)
            #expect(state.mode == .list && state.leases.count == count)
            #expect(view(80, 24).lines(&state).last?.hasPrefix("[Ni]") == true)
            _ = press(&state, .escape)
            #expect(state.leases.count > count)
            _ = press(&state, .character("/"), .character("~"))
            #expect(view(80, 24).lines(&state)[2] == "No lease has '~'.")
            #expect(press(&state, .escape, .character("q")).last == .quit)
        }
    }

    @Test("nothing is deleted without a y, or extended without a length")
    func writes() throws {
        try with { state, view in
            let lease = try #require(state.leases.first?.lease)
            _ = press(&state, .character("d"))
            #expect(view(80, 24).lines(&state).last?.hasPrefix("Delete \(lease.name)? y: ") == true)
            #expect(press(&state, .enter) == [.none] && state.mode == .list)
            #expect(view(80, 24).lines(&state).last == "Nothing was deleted.")
            #expect(press(&state, .character("d"), .character("y")).last == .delete(id: lease.id))
            #expect(press(&state, .character("e"), .enter) == [.none, .none])
            #expect(
                press(&state, .character("e"), .character("2"), .character("x"), .backspace, .character("h"), .enter)
                    .last == .extend(id: lease.id, by: "2h"))
            #expect(press(&state, .character("e"), .character("2"), .escape).last == TopState.Action.none)
        }
    }

    @Test("a page scrolls and goes back to the list")
    func page() throws {
        try with { state, view in
            state.mode = .page(lines: (0..<40).map { "line \($0)" }, top: 0)
            #expect(view(80, 10).lines(&state).first == "line 0")
            _ = press(&state, .down, .character("j"), .up)
            #expect(view(80, 10).lines(&state).first == "line 1")
            #expect(press(&state, .character("q")) == [.none] && state.mode == .list)
        }
    }
}
