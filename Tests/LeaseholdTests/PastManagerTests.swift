import Foundation
import LeaseModel
import Leasehold
import MirrorFixtures
import Testing

@Suite("The library's answers about the past")
struct PastManagerTests {
    @Test("agree with the worked example in docs/history.md")
    func workedExample() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        // The fixture's minute 0 is 08:00.
        func clock(_ hour: Int, _ minute: Int = 0) -> Timestamp { StoreFixture.time((hour - 8) * 60 + minute) }
        var lease = StoreFixture.lease("a", from: 120, to: 240)
        try fixture.pull([lease], at: 60)
        lease.status = .active
        lease.endsAt = clock(16)
        lease.events[0].status = .done
        lease.events[0].updatedAt = clock(10).adding(seconds: 9)
        lease.updatedAt = clock(10, 20)
        try fixture.pull([lease], at: 150)
        try fixture.pull([lease], at: 300)
        try fixture.pull([], at: 420)
        let manager = try LeaseManager(
            LeaseManager.Configuration(
                databasePath: fixture.path, environment: [:], currentDirectory: fixture.folder.path,
                homeDirectory: fixture.folder.path, now: { StoreFixture.time(500) }), access: .reading)

        func known(_ moment: Timestamp) throws -> [String] {
            try manager.leases(asKnownAt: moment).map { "\($0.lease.status) until \($0.lease.endsAt)" }
        }
        #expect(try known(clock(8, 30)).isEmpty)
        #expect(try known(clock(9, 30)) == ["PENDING until 2027-01-15T12:00:00Z"])
        #expect(try known(clock(14)) == ["ACTIVE until 2027-01-15T16:00:00Z"])
        #expect(try known(clock(15, 30)).isEmpty)

        func held(_ moment: Timestamp, _ knowledge: Timestamp? = nil) throws -> [HeldCertainty?] {
            try manager.leases(on: moment, asKnownAt: knowledge).map { $0.held(at: moment) }
        }
        #expect(try held(clock(11)) == [.held])
        #expect(try held(clock(14)) == [.maybe])
        #expect(try held(clock(15, 30)).isEmpty)
        #expect(try held(clock(13, 30), clock(9, 30)).isEmpty)
        #expect(try held(clock(11), clock(9, 30)) == [.planned])

        let changes = try manager.lifeline(try manager.candidate("a"))
        #expect(changes.map(\.kind) == [.new, .changed, .vanished])
        let started = try #require(changes[1].fields.first { $0.name == "status" })
        #expect(
            changes[1].effect(of: started)
                == ChangeEffect(
                    after: clock(9), before: clock(10).adding(seconds: 9), moment: clock(10).adding(seconds: 9)))
        let extended = try #require(changes[1].fields.first { $0.name == "end_date" })
        #expect(changes[1].effect(of: extended) == ChangeEffect(after: clock(9), before: clock(10, 20), moment: nil))
        #expect(changes[2].effect() == ChangeEffect(after: clock(13), before: clock(15), moment: nil))
        #expect(changes[2].ending == .early)

        #expect(try manager.state(of: "a", at: clock(9, 30)).lease.status == .pending)
        #expect(throws: LeaseholdError.self) { try manager.state(of: "a", at: clock(8, 30)) }
        #expect(try manager.firstListings() == [fixture.scope.id: clock(9)])
        #expect(try manager.listings(until: clock(14)) == [fixture.scope.id: clock(13)])
    }

    @Test("Importing a database for a project that is not known here is an error, not an empty result")
    func unknownProject() throws {
        let (fixture, other) = (try StoreFixture(), try StoreFixture())
        defer { fixture.remove() }
        defer { other.remove() }
        try other.pull([StoreFixture.lease("a")], at: 0)
        let manager = try LeaseManager(
            LeaseManager.Configuration(
                databasePath: fixture.path, environment: [:], currentDirectory: fixture.folder.path,
                homeDirectory: fixture.folder.path, now: { StoreFixture.time(500) }), access: .writing)
        var options = ImportOptions()
        options.project = "nobody's"
        let error = #expect(throws: LeaseholdError.self) {
            try manager.importHistory(from: [other.path], options: options)
        }
        #expect(error?.message.contains("project nobody's is unknown here") == true, "\(error?.message ?? "")")
        options.project = "p1"
        #expect(try manager.importHistory(from: [other.path], options: options).map(\.new) == [1])
    }
}
