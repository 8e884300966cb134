import LeaseModel
import LeaseStore
import MirrorFixtures
import SyncPlanner
import Testing

@Suite("Effects of a complete list on the queue")
struct ObservationTests {
    private let rules = QueueRules(quietPeriodSeconds: 300)

    private func with(_ body: (StoreFixture) throws -> Void) throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        try fixture.pull([], at: 0, serverDate: 0)
        try body(fixture)
    }

    /// Reads a list and applies it to the queue.
    @discardableResult
    private func list(_ fixture: StoreFixture, _ leases: [BlazarLease], at minute: Int, serverDate: Int? = nil) throws
        -> [Mutation]
    {
        try fixture.pull(leases, at: minute, serverDate: serverDate ?? minute)
        return try fixture.store.reconcileQueue(scope: fixture.scope.id, rules: rules, at: StoreFixture.time(minute))
            .moved
    }

    @Test("A lease with the token settles the creation, whatever its name and status, and gives dependents its id")
    func token() throws {
        try with { fixture in
            let lost = try #require(try fixture.lose(fixture.creation()))
            let dependent = try #require(try fixture.enqueue(fixture.change(lease: nil, local: "local-1")))
            var lease = fixture.carrying(lost, "new")
            lease.name = "renamed"
            lease.status = .error
            let moved = try list(fixture, [StoreFixture.lease("x", name: "draft"), lease], at: 2)
            #expect(moved.map(\.state) == [.settled])
            #expect(try fixture.store.mutation(id: lost.id)?.leaseID == "new")
            #expect(try fixture.store.mutation(id: dependent.id)?.leaseID == "new")
        }
    }

    @Test("A lease with the token counts as created even if it is gone by now")
    func goneCarrier() throws {
        try with { fixture in
            let lost = try #require(try fixture.lose(fixture.creation()))
            try fixture.pull([fixture.carrying(lost, "new")], at: 2, serverDate: 2)
            #expect(try list(fixture, [], at: 3).map(\.state) == [.settled])
        }
    }

    @Test("Absences count by the server's clock, from the first list on, and once for each list")
    func absences() throws {
        try with { fixture in
            let lost = try #require(try fixture.lose(fixture.creation()))
            func state() throws -> MutationState? { try fixture.store.mutation(id: lost.id)?.state }
            func again() throws {
                try fixture.store.reconcileQueue(scope: fixture.scope.id, rules: rules, at: StoreFixture.time(999))
            }
            try again()
            #expect(try fixture.store.mutation(id: lost.id)?.unconfirmed?.anchor == nil)
            // Our clock jumps ahead by a day; the server's does not.
            try list(fixture, [], at: 1_440, serverDate: 2)
            try list(fixture, [], at: 2_880, serverDate: 7)
            #expect(try fixture.store.mutation(id: lost.id)?.unconfirmed?.absences == 0)
            try list(fixture, [], at: 2_881, serverDate: 8)
            for _ in 0..<3 { try again() }
            #expect(try state() == .unknown)
            try list(fixture, [], at: 2_882, serverDate: 9)
            #expect(try state() == .queued)
            #expect(try fixture.store.mutation(id: lost.id)?.token == StoreFixture.token)
        }
    }

    @Test("Another cloud's runs and answers to writes do not count as lists of this scope")
    func otherRuns() throws {
        try with { fixture in
            let other = try fixture.store.scope(for: StoreFixture.identity(cloud: "beta", project: "p2"))
            let lost = try #require(try fixture.lose(fixture.creation()))
            for minute in 2..<6 {
                try fixture.pull([StoreFixture.lease("z\(minute)", project: "p2")], at: minute * 100, scope: other)
                _ = try fixture.lose(fixture.creation(local: "local-\(minute)", token: "t\(minute)"), at: minute)
                try fixture.store.reconcileQueue(scope: fixture.scope.id, rules: rules, at: StoreFixture.time(minute))
            }
            #expect(try fixture.store.mutation(id: lost.id) == lost)
        }
    }

    @Test("A list that has the lease settles an accepted creation, unless it began earlier")
    func settling() throws {
        try with { fixture in
            let queued = try #require(try fixture.enqueue(fixture.creation()))
            let (sending, attempt) = try #require(
                try fixture.store.beginAttempt(
                    queued, sent: queued.body, scope: fixture.scope, at: StoreFixture.time(1)))
            let lease = fixture.carrying(queued, "new")
            try fixture.end(sending, attempt, .accepted, lease: lease)
            #expect(
                try fixture.store.reconcileQueue(scope: fixture.scope.id, rules: rules, at: .init(secondsSince1970: 0))
                    .moved
                    .isEmpty)
            #expect(try list(fixture, [lease], at: 2).map(\.state) == [.settled])
            #expect(try fixture.store.mutation(id: queued.id)?.message == nil)
        }
    }

    @Test("If a list lacks an accepted creation, the lease was deleted meanwhile")
    func settlingGone() throws {
        try with { fixture in
            let queued = try #require(try fixture.enqueue(fixture.creation()))
            let (sending, attempt) = try #require(
                try fixture.store.beginAttempt(
                    queued, sent: queued.body, scope: fixture.scope, at: StoreFixture.time(1)))
            try fixture.end(sending, attempt, .accepted, lease: fixture.carrying(queued, "new"))
            #expect(try list(fixture, [], at: 2).map(\.state) == [.settled])
            #expect(try fixture.store.mutation(id: queued.id)?.message?.contains("deleted") == true)
        }
    }

    // MARK: - Servers that drop our event

    @Test("While a similar creation is being sent, a lookalike belongs to neither")
    func twinUnderWay() throws {
        try with { fixture in
            let lost = try #require(try fixture.lose(fixture.creation(), carriesToken: false))
            let twin = fixture.creation(local: "local-2", token: "zzzzzzzzzzzzzzzzzzzzzzzzzz")
            let queued = try #require(try fixture.enqueue(twin))
            let (sending, attempt) = try #require(
                try fixture.store.beginAttempt(
                    queued, sent: queued.body, scope: fixture.scope, at: StoreFixture.time(2)))
            let made = fixture.twin(of: twin, "new")
            #expect(try list(fixture, [made], at: 3).isEmpty)
            try fixture.end(sending, attempt, .accepted, lease: made)
            try list(fixture, [made], at: 4)
            #expect(try fixture.store.mutation(id: queued.id)?.state == .settled)
            #expect(try fixture.store.mutation(id: lost.id)?.state == .unknown)
            let own = fixture.twin(of: twin, "late")
            #expect(try list(fixture, [made, own], at: 5).map(\.leaseID) == ["late"])
        }
    }

    @Test("Without our event, a new lease with the same name, user, dates and reservations matches")
    func lookalike() throws {
        try with { fixture in
            let before = fixture.twin(of: fixture.creation(), "before")
            try fixture.pull([before], at: 0, serverDate: 0)
            let lost = try #require(try fixture.lose(fixture.creation()))
            var others = [before, fixture.twin(of: lost, "foreign", user: "u9")]
            var different = fixture.twin(of: lost, "different")
            different.endsAt = StoreFixture.time(121)
            others.append(different)
            different = fixture.twin(of: lost, "started")
            different.startsAt = StoreFixture.time(59)
            others.append(different)
            different = fixture.twin(of: lost, "address")
            different.reservations[0].resourceType = .floatingIP
            others.append(different)
            different = fixture.twin(of: lost, "named")
            different.name = "other"
            others.append(different)
            different = fixture.carrying(fixture.creation(token: "zzzzzzzzzzzzzzzzzzzzzzzzzz"), "marked")
            others.append(different)
            #expect(try list(fixture, others, at: 2).first?.state == .unknown)
            #expect(try list(fixture, others + [fixture.twin(of: lost, "new")], at: 3).map(\.state) == [.settled])
            #expect(try fixture.store.mutation(id: lost.id)?.leaseID == "new")
        }
    }

    @Test("A lease from a list that was under way when the request was sent is recognized")
    func overlappingList() throws {
        try with { fixture in
            let store = fixture.store
            var run = try store.beginRun(cloud: "alpha", scope: fixture.scope.id, at: StoreFixture.time(1))
            let lost = try #require(try fixture.lose(fixture.creation()))
            let twin = fixture.twin(of: lost, "new")
            _ = try store.apply(
                [ObservedLease(lease: twin, digest: 1)], scope: fixture.scope, run: &run, at: StoreFixture.time(1))
            _ = try store.completeRun(
                run, scope: fixture.scope, gone: [], counts: SyncCounts(), serverDate: StoreFixture.time(1),
                requestID: nil, startedAt: StoreFixture.time(1), at: StoreFixture.time(1))
            #expect(try list(fixture, [twin], at: 2).map(\.state) == [.settled])
        }
    }

    @Test("Two lookalikes block the creation, and no lease counts for two creations")
    func ambiguity() throws {
        try with { fixture in
            let lost = try #require(try fixture.lose(fixture.creation()))
            let twins = [fixture.twin(of: lost, "n1"), fixture.twin(of: lost, "n2")]
            let moved = try list(fixture, twins, at: 2)
            #expect(moved.map(\.state) == [.blocked])
            #expect(moved.map(\.reason) == ["ambiguous"])
            #expect(moved.first?.message?.contains("n1, n2") == true)
        }
        try with { fixture in
            let first = try #require(try fixture.lose(fixture.creation()))
            let second = try #require(
                try fixture.lose(fixture.creation(local: "local-2", token: "zzzzzzzzzzzzzzzzzzzzzzzzzz")))
            try list(fixture, [fixture.twin(of: first, "new")], at: 2)
            #expect(try fixture.store.mutation(id: first.id)?.leaseID == "new")
            #expect(try fixture.store.mutation(id: second.id)?.state == .unknown)
        }
    }

    @Test("A lease is recognized by its first state, even if somebody has changed it since")
    func changedLookalike() throws {
        try with { fixture in
            let lost = try #require(try fixture.lose(fixture.creation()))
            let twin = fixture.twin(of: lost, "new")
            // The list brings the lease, and the process dies before it compares the queue.
            try fixture.pull([twin], at: 2)
            var renamed = twin
            renamed.name = "renamed"
            try list(fixture, [renamed], at: 3)
            #expect(try fixture.store.mutation(id: lost.id)?.leaseID == "new")
        }
    }

    @Test("On a cloud that keeps our event, a lookalike is somebody else's")
    func keepsEvents() throws {
        try with { fixture in
            let made = try #require(
                try fixture.enqueue(fixture.creation(token: "zzzzzzzzzzzzzzzzzzzzzzzzzz", name: "first")))
            let (sending, attempt) = try #require(
                try fixture.store.beginAttempt(made, sent: made.body, scope: fixture.scope, at: StoreFixture.time(1)))
            let first = fixture.carrying(made, "first")
            try fixture.end(sending, attempt, .accepted, lease: first)
            let lost = try #require(try fixture.lose(fixture.creation(local: "local-2")))
            let bare = try #require(
                try fixture.lose(
                    fixture.creation(local: "local-3", token: "yyyyyyyyyyyyyyyyyyyyyyyyyy", name: "bare"),
                    carriesToken: false))
            try list(fixture, [first, fixture.twin(of: lost, "new"), fixture.twin(of: bare, "bare")], at: 2)
            #expect(try fixture.store.mutation(id: lost.id)?.state == .unknown)
            // A request without a token, which the policy allows, can only be matched by appearance.
            #expect(try fixture.store.mutation(id: bare.id)?.leaseID == "bare")
        }
    }
}
