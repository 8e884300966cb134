import CaptureFixtures
import LeaseModel
import LeaseStore
import MirrorFixtures
import SyncPlanner
import Testing

@Suite("A lease that several scopes of one site see")
struct SharedScopeTests {
    typealias Fixture = StoreFixture

    private static var everything: LeaseFilter {
        var filter = LeaseFilter()
        filter.includesRemoved = true
        return filter
    }

    private func administrator(_ fixture: Fixture) throws -> Scope {
        try fixture.store.scope(for: Fixture.identity(cloud: "root", project: "adm", user: "u9", all: true))
    }

    private func minute(_ time: Timestamp) -> Int64 { time.seconds(since: Fixture.time(0)) / 60 }

    /// The states, each with the minutes of its first and last observation and of its end.
    private func states(_ id: String, _ scope: Scope, _ fixture: Fixture) throws -> [String] {
        try fixture.store.history(id: id, scope: scope.id).map { version in
            let state = version.removal?.reason.rawValue ?? version.lease.status.rawValue
            let until = version.observedUntil.map { "\(minute($0))" } ?? ""
            return "\(state) \(minute(version.observedAt))-\(minute(version.lastSeenAt))-\(until)"
        }
    }

    private func holding(_ id: String, _ fixture: Fixture) throws -> LeaseUsage {
        var found: [LeaseUsage] = []
        try fixture.store.usage(Self.everything, detail: [.names, .states]) { found.append($0) }
        return try #require(found.first { $0.id == id })
    }

    private func listed(_ fixture: Fixture, at minute: Int? = nil) throws -> [String] {
        var found: [MirroredLease] = []
        if let minute {
            try fixture.store.leases(LeaseFilter(), asKnownAt: Fixture.time(minute)) { found += $0 }
        } else {
            found = try fixture.store.leases(LeaseFilter())
            let rows = try fixture.row("SELECT count(*) FROM v_lease WHERE deleted IS NULL")
            #expect(rows == [JSONValue(found.count)])
        }
        return found.map { "\($0.id) \($0.lease.status)" }.sorted()
    }

    /// Reads an empty list; the server says that all leases now belong to another project.
    private func pullOutOfScope(at minute: Int, _ scope: Scope, _ store: LeaseStore) throws {
        let run = try store.beginRun(cloud: scope.site, scope: scope.id, at: Fixture.time(minute))
        let gone = try store.pullLedger(scope: scope.id).missingKeys.map {
            (key: $0, reason: Removal.Reason.outOfScope)
        }
        let result = try store.completeRun(
            run, scope: scope, gone: gone, counts: SyncCounts(), serverDate: nil, requestID: nil,
            startedAt: Fixture.time(minute), at: Fixture.time(minute))
        #expect(result?.changes.map(\.kind) == [.vanished])
    }

    // MARK: - Present state

    @Test("is not restored by a scope that was last read before the deletion")
    func staleScope() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let admin = try administrator(fixture)
        let both = [Fixture.lease("a", status: .active), Fixture.lease("b", status: .active)]
        try fixture.pull(both, at: 0, scope: admin)
        try fixture.pull(both, at: 5)
        try fixture.pull([both[1]], at: 10)
        #expect(try listed(fixture) == ["b ACTIVE"])
        #expect(try listed(fixture, at: 7) == ["a ACTIVE", "b ACTIVE"])
        #expect(try listed(fixture, at: 10) == ["b ACTIVE"])
        #expect(try fixture.row("SELECT deleted FROM v_lease WHERE id = 'a'") == ["deleted"])
        // The administrator's list is newer than the member's, and has it again.
        try fixture.pull(both, at: 15, scope: admin)
        #expect(try listed(fixture) == ["a ACTIVE", "b ACTIVE"])
        #expect(try listed(fixture, at: 12) == ["b ACTIVE"])
    }

    @Test("is not restored by the scope of an imported database either")
    func staleImport() throws {
        let fixture = try Fixture()
        let colleague = try Fixture()
        defer {
            fixture.remove()
            colleague.remove()
        }
        try colleague.pull([Fixture.lease("a", status: .active)], at: 0, scope: administrator(colleague))
        try fixture.pull([Fixture.lease("a", status: .active)], at: 5)
        try fixture.pull([], at: 10)
        let source = ImportSource(file: "colleague", content: .database(colleague.store, scopes: nil))
        _ = try fixture.store.importHistory([source], isTrial: false, now: Fixture.time(20)) { _ in }
        #expect(try fixture.count("lease") == 1)
        #expect(try fixture.count("visibility") == 2)
        #expect(try listed(fixture).isEmpty)
        #expect(try holding("a", fixture).removal?.before == Fixture.time(10))
    }

    @Test("stays listed if only some scopes may no longer see it")
    func outOfScope() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let admin = try administrator(fixture)
        try fixture.pull([Fixture.lease("a", status: .active)], at: 0, scope: admin)
        try fixture.pull([Fixture.lease("a", status: .active)], at: 5)
        try pullOutOfScope(at: 10, fixture.scope, fixture.store)
        #expect(try listed(fixture) == ["a ACTIVE"])
        #expect(try states("a", fixture.scope, fixture) == ["ACTIVE 0-5-"])
        #expect(try holding("a", fixture).removal == nil)
        try pullOutOfScope(at: 20, admin, fixture.store)
        #expect(try listed(fixture).isEmpty)
        #expect(try states("a", admin, fixture) == ["ACTIVE 0-5-20", "out_of_scope 20-20-"])
    }

    @Test("is listed only if a scope has seen it after another's list lacked it")
    func unlisted() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let admin = try administrator(fixture)
        try fixture.pull([], at: 10)
        try fixture.pull([], at: 20)
        try fixture.pull([Fixture.lease("a", status: .active)], at: 7, scope: admin)
        let text = JSONValue.object(Fixture.lease("a", status: .active).json()).text()
        let saved = try SavedLeases(parsing: Array("{\"leases\": [\(text)]}".utf8))
        let source = ImportSource(
            file: "saved.json",
            content: .leases(saved, scope: fixture.scope, observedAt: Fixture.time(5), isDatedByFile: false))
        _ = try fixture.store.importHistory([source], isTrial: false, now: Fixture.time(30)) { _ in }
        #expect(try listed(fixture).isEmpty)
        #expect(try states("a", admin, fixture) == ["ACTIVE 5-7-10", "unlisted 10-10-"])
        try fixture.pull([Fixture.lease("a", status: .active)], at: 25, scope: admin)
        #expect(try listed(fixture) == ["a ACTIVE"])
        #expect(try states("a", admin, fixture) == ["ACTIVE 5-25-"])
    }

    @Test("was removed within the tightest bounds of all scopes")
    func removal() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let admin = try administrator(fixture)
        try fixture.pull([Fixture.lease("a", status: .active)], at: 0, scope: admin)
        for minute in [0, 10, 20] { try fixture.pull([Fixture.lease("a", status: .active)], at: minute) }
        try fixture.pull([], at: 21)
        try fixture.pull([], at: 50, scope: admin)
        let expected = Removal(reason: .deleted, after: Fixture.time(20), before: Fixture.time(21))
        #expect(try fixture.store.leases(Self.everything).map(\.removal) == [expected])
        var known: [MirroredLease] = []
        try fixture.store.leases(Self.everything, asKnownAt: Fixture.time(60)) { known += $0 }
        #expect(known.map(\.removal) == [expected])
        #expect(
            try fixture.row("SELECT deleted_after FROM v_lease") == [.string(Fixture.time(20).iso8601)])
        #expect(try states("a", admin, fixture) == ["ACTIVE 0-20-21", "deleted 21-21-"])
    }

    @Test("is found by a resource that only one scope reported")
    func resource() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let admin = try administrator(fixture)
        try fixture.pull([Fixture.lease("a")], at: 0, scope: admin)
        let host = CatalogResource(kind: .host, id: "7", name: "node-7", fields: ["id": "7"])
        let allocation = Allocation(
            resourceKind: .host, resourceID: "7", reservationID: "r-a", leaseID: "a", startsAt: Fixture.time(0),
            endsAt: Fixture.time(60))
        try fixture.store.apply(
            [ObservedResources(kind: .host, outcome: .listed, resources: [host], allocations: [allocation])],
            scope: admin.id, at: Fixture.time(0))
        try fixture.pull([Fixture.lease("a"), Fixture.lease("b")], at: 5)
        for wanted in ["7", "node-7"] {
            var filter = LeaseFilter()
            filter.resource = wanted
            #expect(try fixture.store.leases(filter).map(\.scopeID) == [fixture.scope.id])
            var known: [String] = []
            try fixture.store.leases(filter, asKnownAt: Fixture.time(5)) { known += $0.map(\.id) }
            #expect(known == ["a"])
        }
    }

    // MARK: - Past states

    @Test("keeps its history when another scope sees it for the first time")
    func newcomer() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let admin = try administrator(fixture)
        try fixture.pull([], at: 0)
        try fixture.pull([Fixture.lease("a")], at: 10)
        try fixture.pull([Fixture.lease("a", status: .active)], at: 20)
        let longer = Fixture.lease("a", status: .active, to: 120)
        try fixture.pull([longer], at: 30)
        func changes(since minute: Int) throws -> [String] {
            try fixture.store.changes(since: Fixture.time(minute), scopes: nil).map {
                "\($0.kind) \(self.minute($0.observedAt)) after \($0.after.map { "\(self.minute($0))" } ?? "-")"
            }
        }
        let expected = try (changes(since: 0), changes(since: 30), holding("a", fixture).earlierStates)
        #expect(expected.0 == ["new 10 after 0", "changed 20 after 10", "changed 30 after 20"])
        #expect(expected.2.map(\.endsAt) == [Fixture.time(60), Fixture.time(60)])
        for scope in [admin, fixture.scope, admin] {
            try fixture.pull([longer], at: 40, scope: scope)
            #expect(try changes(since: 0) == expected.0)
            #expect(try changes(since: 30) == expected.1)
            #expect(try changes(since: 31).isEmpty)
            let holding = try holding("a", fixture)
            #expect(holding.earlierStates == expected.2)
            #expect(holding.observedAt == Fixture.time(30))
            for place in [admin, fixture.scope] {
                #expect(
                    try states("a", place, fixture)
                        == ["PENDING 10-10-20", "ACTIVE 20-20-30", "ACTIVE 30-40-"])
                #expect(
                    try fixture.store.lifeline(id: "a", scope: place.id).map(\.kind) == [.new, .changed, .changed])
            }
        }
        // A scope's changes include the whole history of what it sees.
        #expect(try fixture.store.changes(since: Fixture.time(0), scopes: [admin.id]).count == 3)
    }

    @Test("is hidden from scopes that do not see it or may no longer see it")
    func unseen() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let admin = try administrator(fixture)
        try fixture.pull([Fixture.lease("a", project: "p2"), Fixture.lease("b")], at: 0, scope: admin)
        try fixture.pull([Fixture.lease("b")], at: 5)
        var own = Self.everything
        own.scopes = [fixture.scope.id]
        #expect(try fixture.store.leases(own).map(\.id) == ["b"])
        #expect(try fixture.store.leases(own).map(\.scopeID) == [fixture.scope.id])
        #expect(try fixture.store.resolve("a", scopes: own.scopes) == .none)
        var known: [String] = []
        try fixture.store.leases(own, asKnownAt: Fixture.time(5)) { known += $0.map(\.id) }
        #expect(known == ["b"])
        #expect(
            try fixture.store.changes(since: Fixture.time(-9), scopes: own.scopes).allSatisfy { $0.lease.id == "b" })
        try pullOutOfScope(at: 10, fixture.scope, fixture.store)
        #expect(try fixture.store.leases(own).isEmpty)
        // The other scope's later observations do not concern it.
        try fixture.pull([Fixture.lease("b", name: "secret")], at: 15, scope: admin)
        #expect(try fixture.store.leases(own).isEmpty)
        #expect(try fixture.store.resolve("secret", scopes: own.scopes) == .none)
        #expect(try listed(fixture).count == 1)
    }

    @Test("is read again once by each scope after a change")
    func digests() throws {
        let fixture = try Fixture()
        let colleague = try Fixture()
        defer {
            fixture.remove()
            colleague.remove()
        }
        let admin = try administrator(fixture)
        /// How many leases of a list a sync at a minute has to decode.
        func reads(_ leases: [BlazarLease], at minute: Int, _ scope: Scope) throws -> Int {
            var ledger = try fixture.store.pullLedger(scope: scope.id)
            let read = leases.count {
                ledger.observe(id: $0.id, digest: UInt64(bitPattern: Int64($0.hashValue))) != .unchanged
            }
            try fixture.pull(leases, at: minute, scope: scope)
            return read
        }
        let leases = [Fixture.lease("a"), Fixture.lease("b")]
        #expect(try reads(leases, at: 0, fixture.scope) == 2)
        #expect(try reads(leases, at: 1, fixture.scope) == 0)
        #expect(try reads(leases, at: 1, admin) == 2)
        #expect(try reads(leases, at: 2, admin) == 0)
        let changed = [Fixture.lease("a", status: .active), leases[1]]
        #expect(try reads(changed, at: 3, admin) == 1)
        #expect(try reads(changed, at: 4, fixture.scope) == 1)
        #expect(try [fixture.scope, admin].map { try reads(changed, at: 5, $0) } == [0, 0])
        try colleague.pull(changed + [Fixture.lease("c")], at: 6)
        let source = ImportSource(file: "colleague", content: .database(colleague.store, scopes: nil))
        _ = try fixture.store.importHistory([source], isTrial: false, now: Fixture.time(9)) { _ in }
        let more = changed + [Fixture.lease("c")]
        #expect(try reads(more, at: 10, fixture.scope) == 1)
        #expect(try reads(more, at: 11, fixture.scope) == 0)
        #expect(try [admin, admin].map { try reads(more, at: 12, $0) } == [1, 0])
    }

    @Test("is found by every name that was heard at its site")
    func names() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let admin = try administrator(fixture)
        let beta = try fixture.store.scope(for: Fixture.identity(cloud: "beta", endpoint: "http://beta/v3"))
        try fixture.pull([Fixture.lease("a", user: "u7")], at: 0)
        try fixture.pull([Fixture.lease("z", user: "u7")], at: 0, scope: beta)
        func found(_ change: (inout LeaseFilter) -> Void) throws -> [String] {
            var filter = LeaseFilter()
            change(&filter)
            var known: [String] = []
            try fixture.store.leases(filter, asKnownAt: Fixture.time(9)) { known += $0.map(\.id) }
            #expect(try fixture.store.leases(filter).map(\.id) == known)
            return known.sorted()
        }
        #expect(try found { $0.user = "ada" } == [])
        let ada = CatalogResource(kind: .user, id: "u7", name: "ada")
        try fixture.store.apply(
            [ObservedResources(kind: .user, outcome: .listed, resources: [ada])], scope: admin.id, at: Fixture.time(1))
        #expect(try found { $0.user = "ada" } == ["a"])
        #expect(try found { $0.user = "u7" } == ["a", "z"])
        #expect(try fixture.store.leases(LeaseFilter()).map(\.userName) == ["ada", nil])
        #expect(try fixture.row("SELECT user_name FROM v_lease WHERE id = 'a'") == ["ada"])
        #expect(try holding("a", fixture).userName == "ada")
        #expect(try found { $0.project = "project p1" } == ["a", "z"])
        // The name heard last wins.
        let renamed = CatalogResource(kind: .project, id: "p1", name: "physics")
        try fixture.store.apply(
            [ObservedResources(kind: .project, outcome: .listed, resources: [renamed])], scope: admin.id,
            at: Fixture.time(2))
        #expect(try found { $0.project = "physics" } == ["a"])
        #expect(try fixture.store.scopes().map(\.projectName) == ["physics", "project adm", "project p1"])
    }

    @Test("keeps what it reserved before a change")
    func changedReservations() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        var lease = Fixture.lease("a", status: .active)
        try fixture.pull([lease], at: 0)
        lease.name = "renamed"
        try fixture.pull([lease], at: 5)
        lease.reservations[0].fields["min"] = 2
        lease.reservations[0].fields["max"] = 3
        try fixture.pull([lease], at: 10)
        lease.status = .terminated
        try fixture.pull([lease], at: 20)
        let earlier = try holding("a", fixture).earlierReservations
        #expect(earlier.map { $0.reservations.map { [$0.minimum, $0.maximum] } } == [[[1, 2]]])
        #expect(earlier.map(\.lastSeenAt) == [Fixture.time(5)])
        #expect(earlier.map(\.changedBefore) == [Fixture.time(10)])
        #expect(earlier.first?.reservations.first?.nodeType == "compute_skylake")
    }

    @Test(
        "has the history of all observations, in whatever order the scopes are read",
        arguments: 0..<24 as Range<UInt64>)
    func histories(seed: UInt64) throws {
        var random = SeededRandom(seed: seed &+ 5_000)
        let world = PastWorld(seed: seed)
        let fixture = try Fixture()
        defer { fixture.remove() }
        let scopes = [fixture.scope, try administrator(fixture)]
        var oracle = PastOracle()
        let drawn = (0..<Int.random(in: 1...14, using: &random)).map { _ in
            [Int.random(in: 0..<PastWorld.minutes, using: &random), Int.random(in: 0...1, using: &random)]
        }
        let looks = Set(drawn).sorted { $0.lexicographicallyPrecedes($1) }
        for look in looks {
            let (minute, isAdministrator) = (look[0], look[1] == 1)
            let list = world.list(at: minute)
            let missing = oracle.listed(isAdministrator: isAdministrator).subtracting(list.map(\.id))
            try fixture.pull(list, at: minute, scope: scopes[look[1]])
            oracle.note(list, asked: missing.sorted(), at: minute, isAdministrator: isAdministrator)
            try expectAgreement(fixture, oracle, scopes, "seed \(seed), minute \(minute)")
        }
        for minute in oracle.moments {
            var known: [MirroredLease] = []
            try fixture.store.leases(Self.everything, asKnownAt: Fixture.time(minute)) { known += $0 }
            let found = Set(known.map { PastOracle.Known(lease: $0.lease, gone: $0.removal) })
            #expect(found == oracle.known(at: minute), "seed \(seed), as known at minute \(minute)")
        }
        #expect(try fixture.store.check().isEmpty)
    }

    private func expectAgreement(
        _ fixture: Fixture, _ oracle: PastOracle, _ scopes: [Scope], _ what: String
    ) throws {
        let present = Set(
            try fixture.store.leases(Self.everything).map { PastOracle.Known(lease: $0.lease, gone: $0.removal) })
        #expect(present == oracle.known(at: .max / 2), "\(what)")
        var holdings: [String: LeaseUsage] = [:]
        try fixture.store.usage(Self.everything, detail: [.names, .states]) { holdings[$0.id] = $0 }
        for id in oracle.ids {
            var expected: [(lease: BlazarLease?, first: Int, last: Int)] = []
            for observation in oracle.observations(of: id) {
                if let last = expected.last, last.lease == observation.lease {
                    expected[expected.count - 1].last = observation.minute
                } else {
                    expected.append((observation.lease, observation.minute, observation.minute))
                }
            }
            for scope in scopes {
                let history = try fixture.store.history(id: id, scope: scope.id)
                guard !history.isEmpty else { continue }
                #expect(history.map { $0.removal == nil ? $0.lease : nil } == expected.map(\.lease), "\(what), \(id)")
                #expect(history.map(\.observedAt) == expected.map { Fixture.time($0.first) }, "\(what), \(id)")
                // Repeated observations of a removal are not recorded.
                #expect(
                    history.map(\.lastSeenAt) == expected.map { Fixture.time($0.lease == nil ? $0.first : $0.last) },
                    "\(what), \(id)")
            }
            let holding = try #require(holdings[id])
            let earlier = expected.dropLast()
            #expect(holding.earlierStates.map(\.isGone) == earlier.map { $0.lease == nil }, "\(what), \(id)")
            #expect(
                holding.earlierStates.map(\.observedAt) == earlier.map { Fixture.time($0.first) }, "\(what), \(id)")
            #expect(
                holding.earlierStates.filter { !$0.isGone }.map(\.endsAt) == earlier.compactMap(\.lease?.endsAt),
                "\(what), \(id)")
        }
    }
}
