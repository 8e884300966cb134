import Foundation
import LeaseModel
import LeaseStore
import MirrorFixtures
import SyncPlanner
import Testing

@Suite("The queue in the database")
struct QueueStoreTests {
    private func with(_ body: (StoreFixture) throws -> Void) throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        try body(fixture)
    }

    // MARK: - Enqueueing

    @Test("A queued write is still there, with every field, when the file is opened again")
    func durable() throws {
        try with { fixture in
            var wanted = fixture.creation()
            wanted.notAfter = StoreFixture.time(50)
            wanted.retryUntil = StoreFixture.time(40)
            wanted.lateStart = .shift
            let queued = try #require(try fixture.enqueue(wanted))
            let again = try LeaseStore(path: fixture.path, access: .reading)
            let found = try #require(try again.queue(of: fixture.scope.queueAddress).first)
            #expect(found == queued)
            #expect(found.id > 0)
            #expect(found.site == "alpha")
            #expect(found.body == wanted.body)
            #expect(found.lateStart == .shift)
            #expect(found.notAfter == StoreFixture.time(50))
            #expect(found.retryUntil == StoreFixture.time(40))
        }
    }

    @Test("A write that cannot be queued changes nothing, not even the write it would replace")
    func atomic() throws {
        try with { fixture in
            let first = try #require(try fixture.enqueue(fixture.change()))
            // The table does not allow a creation without a token.
            #expect(throws: StoreError.self) {
                _ = try fixture.store.enqueue(to: fixture.scope.queueAddress, at: StoreFixture.time(1)) { _ in
                    Mutation(
                        id: 0, scopeID: fixture.scope.id, address: fixture.scope.queueAddress, verb: .delete,
                        localID: nil,
                        leaseID: nil, leaseName: "", state: .queued, body: [:], token: nil,
                        createdAt: StoreFixture.time(1))
                }
            }
            #expect(try fixture.store.queue(of: fixture.scope.queueAddress) == [first])
        }
    }

    @Test("A later change replaces an earlier one in the same transaction")
    func superseding() throws {
        try with { fixture in
            let first = try #require(try fixture.enqueue(fixture.change()))
            let second = try #require(try fixture.enqueue(fixture.change(end: 90)))
            #expect(try fixture.store.queue(of: fixture.scope.queueAddress) == [second])
            #expect(try fixture.store.mutation(id: first.id)?.state == .superseded)
        }
    }

    @Test("Writes queued concurrently are all stored, each once")
    func concurrently() async throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    // A connection of its own, like another process.
                    guard let store = try? LeaseStore(path: fixture.path, access: .writing) else { return }
                    for number in 0..<10 {
                        _ = try? store.enqueue(to: fixture.scope.queueAddress, at: StoreFixture.time(0)) { _ in
                            fixture.creation(local: "local-\(worker)-\(number)", token: "\(worker)/\(number)")
                        }
                    }
                }
            }
        }
        let queue = try fixture.store.queue(of: fixture.scope.queueAddress)
        #expect(Set(queue.compactMap(\.localID)).count == 40)
        #expect(queue.count == 40)
    }

    // MARK: - Attempts

    @Test("An attempt begins only if the write has not changed since it was planned")
    func stalePlan() throws {
        try with { fixture in
            let planned = try #require(try fixture.enqueue(fixture.creation()))
            _ = try fixture.store.changeMutation(id: planned.id) { mutation, _ in
                var next = mutation
                next.state = .cancelled
                return [next]
            }
            #expect(
                try fixture.store.beginAttempt(planned, sent: [:], scope: fixture.scope, at: StoreFixture.time(1))
                    == nil)
            #expect(try fixture.store.attempts(mutation: planned.id).isEmpty)
            #expect(try fixture.store.mutation(id: planned.id)?.state == .cancelled)
        }
    }

    @Test("Before a request is sent, its body and the attempt are stored")
    func beginning() throws {
        try with { fixture in
            try fixture.pull([], at: 0, serverDate: 3)
            let planned = try #require(try fixture.enqueue(fixture.creation()))
            let (sending, _) = try #require(
                try fixture.store.beginAttempt(
                    planned, sent: ["name": "x"], scope: fixture.scope, at: StoreFixture.time(1)))
            #expect(sending.state == .sending)
            #expect(sending.attempts == 1)
            #expect(sending.unconfirmed?.notBefore == StoreFixture.time(3))
            #expect(try fixture.store.mutation(id: planned.id) == sending)
            let attempt = try #require(try fixture.store.attempts(mutation: planned.id).first)
            #expect(attempt.sent == ["name": "x"])
            #expect(attempt.finishedAt == nil)
        }
    }

    @Test("The lease, the write and the attempt are stored together, and dependents get the lease's id")
    func ending() throws {
        try with { fixture in
            let planned = try #require(try fixture.enqueue(fixture.creation()))
            let (sending, attempt) = try #require(
                try fixture.store.beginAttempt(
                    planned, sent: planned.body, scope: fixture.scope, at: StoreFixture.time(1)))
            let dependent = try #require(try fixture.enqueue(fixture.change(lease: nil, local: "local-1")))
            #expect(dependent.leaseID == nil)
            try fixture.end(sending, attempt, .accepted, lease: fixture.carrying(planned, "new"))
            #expect(try fixture.store.lease(id: "new", scope: fixture.scope.id)?.lease.name == "draft")
            #expect(try fixture.store.mutation(id: planned.id)?.leaseID == "new")
            #expect(try fixture.store.mutation(id: dependent.id)?.leaseID == "new")
            #expect(try fixture.store.attempts(mutation: planned.id).first?.outcome == "done")
            #expect(try fixture.store.keepsClientEvents(site: fixture.scope.siteID) == true)
            #expect(try fixture.store.creation(localID: "local-1")?.leaseID == "new")
        }
    }

    @Test("A list that began before the answer does not undo it", arguments: [true, false])
    func olderList(isDeletion: Bool) throws {
        try with { fixture in
            let store = fixture.store
            try fixture.pull(isDeletion ? [StoreFixture.lease("a")] : [], at: 0)
            let run = try store.beginRun(cloud: "alpha", scope: fixture.scope.id, at: StoreFixture.time(1))
            let ledger = try store.pullLedger(scope: fixture.scope.id)
            let wish = isDeletion ? fixture.change(.delete) : fixture.creation()
            let planned = try #require(try fixture.enqueue(wish))
            let (sending, attempt) = try #require(
                try store.beginAttempt(planned, sent: planned.body, scope: fixture.scope, at: StoreFixture.time(1)))
            if isDeletion {
                try fixture.end(sending, attempt, .settled, gone: "a")
            } else {
                try fixture.end(sending, attempt, .accepted, lease: fixture.carrying(planned, "new"))
            }
            // The list does not know about the answer.
            _ = try store.completeRun(
                run, scope: fixture.scope, gone: ledger.missingKeys.map { ($0, .deleted) }, counts: SyncCounts(),
                serverDate: nil, requestID: nil, startedAt: StoreFixture.time(1), at: StoreFixture.time(2))
            let lease = try #require(try store.lease(id: isDeletion ? "a" : "new", scope: fixture.scope.id))
            #expect((lease.removal != nil) == isDeletion)
        }
    }

    @Test("A cloud that returns the lease without our event is recorded as dropping it")
    func droppedEvent() throws {
        try with { fixture in
            #expect(try fixture.store.keepsClientEvents(site: fixture.scope.siteID) == nil)
            let planned = try #require(try fixture.enqueue(fixture.creation()))
            let (sending, attempt) = try #require(
                try fixture.store.beginAttempt(
                    planned, sent: planned.body, scope: fixture.scope, at: StoreFixture.time(1)))
            try fixture.end(sending, attempt, .accepted, lease: StoreFixture.lease("new"))
            #expect(try fixture.store.keepsClientEvents(site: fixture.scope.siteID) == false)
        }
    }

    // MARK: - What commands show

    @Test("A creation appears as a lease with a local id, and is found by name and id prefix")
    func drafts() throws {
        try with { fixture in
            try fixture.pull([StoreFixture.lease("a")], at: 0)
            try fixture.enqueue(fixture.creation())
            try fixture.enqueue(fixture.change())
            var rows: [MirroredLease] = []
            try fixture.store.leases(LeaseFilter(), includesDrafts: true) { rows += $0 }
            #expect(rows.map(\.id) == ["local-1", "a"])
            #expect(rows.map(\.lease.status) == [.queued, .pending])
            #expect(rows.map(\.isQueued) == [true, true])
            #expect(rows.map { $0.pending.map(\.verb) } == [[.create], [.extend]])
            #expect(rows[0].isMine && rows[0].isDraft && !rows[1].isDraft)
            #expect(rows[0].userName == "user u1")
            #expect(rows[0].lease.reservations.map(\.resourceType) == [.host])
            for reference in ["draft", "local-1", "local-"] {
                guard case .one(let found) = try fixture.store.resolve(reference, scopes: nil) else {
                    Issue.record("\(reference) is not found")
                    continue
                }
                #expect(found.id == "local-1")
            }
            #expect(try fixture.store.resolve("draft", scopes: [99]) == .none)
            #expect(try fixture.store.lease(id: "local-1", scope: fixture.scope.id)?.lease.name == "draft")
        }
    }

    @Test("A name shared by a listed and a queued lease is ambiguous; a removed lease's name is not")
    func sharedName() throws {
        try with { fixture in
            try fixture.pull([StoreFixture.lease("a", name: "draft")], at: 0)
            try fixture.enqueue(fixture.creation())
            guard case .ambiguous(let found) = try fixture.store.resolve("draft", scopes: nil) else {
                Issue.record("not ambiguous")
                return
            }
            #expect(Set(found.map(\.id)) == ["a", "local-1"])
            try fixture.pull([], at: 1)
            guard case .one(let left) = try fixture.store.resolve("draft", scopes: nil) else {
                Issue.record("not found")
                return
            }
            #expect(left.id == "local-1")
        }
    }

    @Test("A local id stays valid when the lease has its own id")
    func localIDAfterCreation() throws {
        try with { fixture in
            let planned = try #require(try fixture.enqueue(fixture.creation()))
            let (sending, attempt) = try #require(
                try fixture.store.beginAttempt(
                    planned, sent: planned.body, scope: fixture.scope, at: StoreFixture.time(1)))
            try fixture.end(sending, attempt, .accepted, lease: fixture.carrying(planned, "new"))
            guard case .one(let found) = try fixture.store.resolve("local-1", scopes: nil) else {
                Issue.record("not found")
                return
            }
            #expect(found.id == "new")
            var rows: [MirroredLease] = []
            try fixture.store.leases(LeaseFilter(), includesDrafts: true) { rows += $0 }
            #expect(rows.map(\.id) == ["new"])
            #expect(!rows[0].isQueued)
        }
    }

    struct Filter: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let finds: Bool
        let set: @Sendable (inout LeaseFilter) -> Void

        init(_ name: String, _ finds: Bool, _ set: @escaping @Sendable (inout LeaseFilter) -> Void) {
            testDescription = name
            self.finds = finds
            self.set = set
        }
    }

    static let filterCases: [Filter] = [
        Filter("queued", true) { $0.statuses = [.queued] },
        Filter("active", false) { $0.statuses = [.active] },
        Filter("its project", true) { $0.project = "project p1" },
        Filter("another project", false) { $0.project = "p2" },
        Filter("its user", true) { $0.user = "u1" },
        Filter("a pattern", true) { $0.nameGlob = "d?af*" },
        Filter("another pattern", false) { $0.nameGlob = "D*" },
        Filter("its type", true) { $0.resourceTypes = [.host] },
        Filter("another type", false) { $0.resourceTypes = [.network] },
        Filter("its node type", true) { $0.nodeType = "gpu" },
        Filter("another node type", false) { $0.nodeType = "cpu" },
        Filter("a resource", false) { $0.resource = "7" },
        Filter("a moment in it", true) { $0.activeAt = StoreFixture.time(60) },
        Filter("a moment before", false) { $0.activeAt = StoreFixture.time(59) },
        Filter("its end", false) { $0.activeAt = StoreFixture.time(120) },
        Filter("a period", true) { $0.from = StoreFixture.time(119) },
        Filter("a later period", false) { $0.from = StoreFixture.time(120) },
        Filter("an earlier period", false) { $0.to = StoreFixture.time(60) },
        Filter("mine", true) { $0.isMine = true },
        Filter("another scope", false) { $0.scopes = [99] },
    ]

    @Test("Filters apply to queued leases too", arguments: filterCases)
    func filters(filter: Filter) throws {
        try with { fixture in
            try fixture.enqueue(fixture.creation())
            var wanted = LeaseFilter()
            filter.set(&wanted)
            var found: [String] = []
            try fixture.store.leases(wanted, includesDrafts: true) { found += $0.map(\.id) }
            #expect(found == (filter.finds ? ["local-1"] : []))
        }
    }
}
