import CaptureFixtures
import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@Suite("Lists with few columns")
struct OutlineTests {
    typealias Fixture = StoreFixture

    /// A file that somebody saved.
    private struct Saved {
        let text: String
        let minute: Int
    }

    private func whole(_ leases: [BlazarLease], at minute: Int) -> Saved {
        Saved(
            text: "{\"leases\": [\(leases.map { JSONValue.object($0.json()).text() }.joined(separator: ","))]}",
            minute: minute)
    }

    private func outline(_ leases: [BlazarLease], at minute: Int, _ fields: Set<String> = []) -> Saved {
        let fields = fields.union(["id", "name", "start_date", "end_date"])
        let rows = leases.map { lease in
            JSONValue.object(
                JSONObject(lease.json().members.filter { fields.contains($0.key) }.map { ($0.key, $0.value) }))
        }
        return Saved(text: JSONValue.array(rows).text(), minute: minute)
    }

    @discardableResult
    private func take(_ files: [Saved], into fixture: Fixture, scope: Scope? = nil) throws -> [ImportReport] {
        let scope = try #require(try fixture.store.scopes().first { $0.id == (scope ?? fixture.scope).id })
        let sources = try files.map { file in
            ImportSource(
                file: "saved.json",
                content: .leases(
                    try SavedLeases(parsing: Array(file.text.utf8)), scope: scope,
                    observedAt: Fixture.time(file.minute), isDatedByFile: false))
        }
        return try fixture.store.importHistory(sources, isTrial: false, now: Fixture.time(1_000)) { _ in }
    }

    private func states(_ id: String, _ fixture: Fixture) throws -> [String] {
        func minute(_ time: Timestamp) -> Int64 { time.seconds(since: Fixture.time(0)) / 60 }
        return try fixture.store.history(id: id, scope: fixture.scope.id).map { version in
            let state = version.removal?.reason.rawValue ?? version.lease.status.rawValue
            return "\(state) \(minute(version.observedAt))-\(minute(version.lastSeenAt))"
        }
    }

    @Test("say nothing about what they omit, whatever is imported first", arguments: [false, true])
    func completedAgain(wholeFirst: Bool) throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a")], at: 10)
        let files = [
            outline([Fixture.lease("a")], at: 100), whole([Fixture.lease("a", status: .active)], at: 60),
        ]
        for file in wholeFirst ? files.reversed() : files { try take([file], into: fixture) }
        #expect(try states("a", fixture) == ["PENDING 10-10", "ACTIVE 60-100"])
        let present = try #require(try fixture.store.lease(id: "a", scope: fixture.scope.id)?.lease)
        #expect(present.extra.isEmpty, "the stored note is hidden")
        // A state that a later list confirms counts as seen completely.
        try fixture.pull([Fixture.lease("a", status: .active)], at: 120)
        try take([whole([Fixture.lease("a", status: .error)], at: 110)], into: fixture)
        #expect(try states("a", fixture) == ["PENDING 10-10", "ACTIVE 60-60", "ERROR 110-110", "ACTIVE 120-120"])
    }

    @Test("do not show when a lease was changed, and contradict no file that does")
    func changedSince() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        var lease = Fixture.lease("a")
        lease.updatedAt = Fixture.time(5)
        try fixture.pull([lease], at: 10)
        lease.endsAt = Fixture.time(90)
        lease.updatedAt = Fixture.time(15)
        try take([outline([lease], at: 20)], into: fixture)
        #expect(try fixture.store.lease(id: "a", scope: fixture.scope.id)?.lease.updatedAt == nil)
        lease.status = .active
        lease.updatedAt = Fixture.time(25)
        try take([whole([lease], at: 30)], into: fixture)
        lease.status = .pending
        lease.updatedAt = Fixture.time(15)
        try take([whole([lease], at: 18)], into: fixture)
        #expect(try states("a", fixture) == ["PENDING 10-10", "PENDING 18-20", "ACTIVE 30-30"])
    }

    @Test("of all projects do not show the owner of an unknown lease")
    func administrator() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let all = try fixture.store.scope(for: Fixture.identity(all: true))
        try take([outline([Fixture.lease("x", project: "p9")], at: 10)], into: fixture, scope: all)
        #expect(try fixture.store.lease(id: "x", scope: all.id)?.lease.projectID == "")
        try take([whole([Fixture.lease("x", project: "p9")], at: 20)], into: fixture, scope: all)
        let first = try #require(try fixture.store.history(id: "x", scope: all.id).first)
        #expect((first.lease.projectID, first.lease.status.rawValue) == ("p9", ""), "the owner never changes")
    }

    @Test("with the status set the status, and leave the rest unchanged")
    func withStatus() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a")], at: 10)
        try take([outline([Fixture.lease("a", status: .active)], at: 20, ["status"])], into: fixture)
        let lease = try #require(try fixture.store.lease(id: "a", scope: fixture.scope.id)?.lease)
        #expect((lease.status, lease.userID) == (.active, "u1"))
        #expect(lease.reservations == Fixture.lease("a").reservations)
        try take([outline([Fixture.lease("a")], at: 30)], into: fixture)
        #expect(try states("a", fixture) == ["PENDING 10-10", "ACTIVE 20-30"])
    }

    @Test("and complete ones give the same history in any order", arguments: 0..<24 as Range<UInt64>)
    func anyOrder(seed: UInt64) throws {
        var random = SeededRandom(seed: seed &+ 7_000)
        let world = PastWorld(seed: seed)
        let minutes = (0..<8).map { _ in Int.random(in: 0..<PastWorld.minutes, using: &random) }
        var files = minutes.map { minute in
            switch Int.random(in: 0..<3, using: &random) {
            case 0: whole(world.list(at: minute), at: minute)
            case 1: outline(world.list(at: minute), at: minute, ["status"])
            default: outline(world.list(at: minute), at: minute)
            }
        }
        let syncs = seed % 3 == 0 ? [] : [Int.random(in: 0..<30, using: &random), 45]
        var expected: [String: [LeaseVersion]]?
        for round in 0..<4 {
            let fixture = try Fixture()
            defer { fixture.remove() }
            for minute in syncs { try fixture.pull(world.list(at: minute), at: minute) }
            files.shuffle(using: &random)
            if round == 0 {
                try take(files, into: fixture)
            } else {
                for file in files { try take([file], into: fixture) }
            }
            func history() throws -> [String: [LeaseVersion]] {
                try world.lives.keys.reduce(into: [:]) {
                    $0[$1] = try fixture.store.history(id: $1, scope: fixture.scope.id)
                }
            }
            let found = try history()
            if let expected, found != expected {
                let differing = found.keys.filter { found[$0] != expected[$0] }
                Issue.record(
                    "\(differing): \(differing.map { found[$0] ?? [] }), not \(differing.map { expected[$0] ?? [] })")
                return
            }
            expected = found
            #expect(try fixture.store.check().isEmpty)
            let rows = try fixture.dump()
            #expect(try take(files, into: fixture).allSatisfy { $0.new == 0 && $0.changed == 0 })
            #expect(try fixture.dump() == rows, "repeating the import changes something")
            // A colleague who imports the database gets the same; in every round it is the same database.
            guard round == 0 else { continue }
            let other = try Fixture()
            defer { other.remove() }
            _ = try other.store.importHistory(
                [ImportSource(file: "db", content: .database(fixture.store, scopes: nil))], isTrial: false,
                now: Fixture.time(1_000)
            ) { _ in }
            #expect(
                try world.lives.keys.allSatisfy { try other.store.history(id: $0, scope: other.scope.id) == found[$0] })
        }
    }
}
