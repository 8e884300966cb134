import BlazarModel
import CloudFixtures
import LeaseModel
import LeaseStore
import OpenStackClient
import SyncPlanner
import Testing

@testable import SyncEngine

@Suite("Sending changes and deletions, with each fault once")
struct QueueChangeTests {
    private func with(_ dialect: Dialect = .upstream, _ body: (QueueFixture) async throws -> Void) async throws {
        let fixture = try await QueueFixture(dialect)
        defer { fixture.remove() }
        try await body(fixture)
    }

    @Test("A change is sent once, and its settled status is read", arguments: [Dialect.upstream, .chameleon])
    func plain(dialect: Dialect) async throws {
        try await with(dialect) { fixture in
            let lease = try await fixture.lease()
            let mutation = try fixture.change(.extend, lease, fixture.end(9_000))
            fixture.cloud.forget()
            _ = try await fixture.push()
            let path = "/v1/leases/\(lease.id)"
            #expect(fixture.cloud.asked == ["GET \(path)", "PUT \(path)", "GET \(path)"])
            #expect(try fixture.state(mutation) == .accepted)
            let now = try fixture.mirrored("there")
            #expect(now.endsAt == QueueCloud.start.adding(seconds: 9_000))
            #expect(now.status == .pending)
            await fixture.sync()
            #expect(try fixture.state(mutation) == .settled)
        }
    }

    static let repeatableCases: [(QueueCloud.Fault, isDone: Bool)] = [
        (.lost, true), (.truncated, true), (.cut, false), (.unreachable, false),
        (.refusal(500, "Internal Server Error"), false), (.refusal(503, "no"), false), (.page, false),
        (.refusal(429, "slow down"), false), (.refusal(409, "Invalid lease status."), false),
    ]

    @Test("A lost change is sent again, and does no harm if it had been carried out")
    func lostChange() async throws {
        for (fault, isDone) in Self.repeatableCases {
            try await with { fixture in
                let lease = try await fixture.lease()
                let mutation = try fixture.change(.extend, lease, fixture.end(9_000))
                fixture.cloud.fail("PUT", fault)
                _ = try await fixture.push()
                #expect(try fixture.state(mutation) == .queued, "\(fault)")
                await fixture.settle(3)
                #expect(try fixture.state(mutation) == .settled, "\(fault)")
                #expect(fixture.cloud.count("PUT") == (isDone ? 1 : 2), "\(fault)")
                #expect(fixture.cloud.leases().first?.endsAt == QueueCloud.start.adding(seconds: 9_000))
            }
        }
    }

    @Test("A lost deletion is sent again, and one of a lease that is gone is done")
    func lostDeletion() async throws {
        for (fault, isDone) in Self.repeatableCases {
            try await with { fixture in
                _ = try await fixture.lease("bystander")
                let lease = try await fixture.lease()
                let mutation = try fixture.change(.delete, lease)
                fixture.cloud.fail("DELETE", fault)
                _ = try await fixture.push()
                // A page instead of 204 does not confirm a deletion.
                #expect(try fixture.state(mutation) == .queued, "\(fault)")
                await fixture.settle(2)
                #expect(try fixture.state(mutation) == .settled, "\(fault)")
                #expect(fixture.cloud.count("DELETE") == (isDone ? 1 : 2), "\(fault)")
                #expect(fixture.cloud.leases().map(\.name) == ["bystander"])
                #expect(try fixture.store.lease(id: lease.id, scope: fixture.scope.id)?.removal != nil)
            }
        }
    }

    @Test("A write that keeps failing is parked, with its request id")
    func parking() async throws {
        try await with { fixture in
            let lease = try await fixture.lease()
            let mutation = try fixture.change(.extend, lease, fixture.end(9_000))
            for _ in 0..<3 {
                fixture.cloud.fail("PUT", .refusal(500, "Internal Server Error"))
                _ = try await fixture.push()
                fixture.cloud.advance(1_000)
            }
            let present = try fixture.present(mutation)
            #expect(present.state == .parked)
            #expect(present.requestID == "req-fault")
            _ = try fixture.writeQueue.retry(mutation.id)
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .accepted)
        }
    }

    // MARK: - Conflicts

    private func conflict(_ fixture: QueueFixture) async throws -> (BlazarLease, Mutation) {
        let lease = try await fixture.lease()
        let mutation = try fixture.change(.extend, lease, fixture.end(9_000))
        fixture.cloud.direct("PUT", "/v1/leases/\(lease.id)", .object(fixture.end(10_800)))
        fixture.cloud.forget()
        _ = try await fixture.push()
        return (lease, mutation)
    }

    @Test("A lease that somebody else has changed is not touched: base, mine and theirs are shown")
    func blocked() async throws {
        try await with { fixture in
            let (lease, mutation) = try await conflict(fixture)
            let present = try fixture.present(mutation)
            #expect(present.state == .blocked)
            #expect(present.reason == "conflict")
            #expect(present.base["end_date"] == .string(lease.endsAt.blazarRequest))
            #expect(present.body == fixture.end(9_000))
            #expect(present.theirs == fixture.end(10_800))
            #expect(fixture.cloud.count("PUT") == 0)
            await fixture.settle(2)
            #expect(fixture.cloud.count("PUT") == 0)
        }
    }

    @Test("Each resolution has its effect")
    func resolutions() async throws {
        let cases: [(ConflictResolution, Int64, MutationState)] = [
            (.mine, 9_000, .accepted), (.theirs, 10_800, .cancelled),
            (
                .values(["end_date": .string(QueueCloud.start.adding(seconds: 12_600).truncatedToMinute.blazarRequest)]
                ), 12_600, .accepted
            ),
        ]
        for (resolution, end, state) in cases {
            try await with { fixture in
                let (_, mutation) = try await conflict(fixture)
                _ = try fixture.writeQueue.resolve(mutation.id, resolution)
                _ = try await fixture.push()
                #expect(try fixture.state(mutation) == state, "\(resolution)")
                let expected = QueueCloud.start.adding(seconds: end).truncatedToMinute
                #expect(fixture.cloud.leases().first?.endsAt == expected, "\(resolution)")
            }
        }
    }

    @Test("A second conflict after the decision is a conflict again")
    func conflictAgain() async throws {
        try await with { fixture in
            let (lease, mutation) = try await conflict(fixture)
            _ = try fixture.writeQueue.resolve(mutation.id, .mine)
            fixture.cloud.direct("PUT", "/v1/leases/\(lease.id)", .object(fixture.end(14_400)))
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .blocked)
            #expect(try fixture.present(mutation).theirs == fixture.end(14_400))
        }
    }

    @Test("Somebody else's change of another field is no conflict, and an equal change needs no request")
    func noConflict() async throws {
        try await with { fixture in
            let lease = try await fixture.lease()
            let mutation = try fixture.change(.extend, lease, fixture.end(9_000))
            fixture.cloud.direct("PUT", "/v1/leases/\(lease.id)", ["name": "renamed"])
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .accepted)
            let same = try fixture.change(.update, lease, ["name": "renamed"])
            fixture.cloud.forget()
            _ = try await fixture.push()
            #expect(try fixture.state(same) == .settled)
            #expect(fixture.cloud.count("PUT") == 0)
        }
    }

    @Test("Our own change sent meanwhile is no conflict")
    func ownChange() async throws {
        try await with { fixture in
            let lease = try await fixture.lease()
            let first = try fixture.change(.extend, lease, fixture.end(9_000))
            fixture.checkpoints.crash(at: "after PUT")
            await #expect(throws: Checkpoints.Crash.self) { _ = try await fixture.push() }
            #expect(try fixture.state(first) == .sending)
            let second = try fixture.change(.extend, lease, fixture.end(10_800))
            _ = try await fixture.push()
            #expect(try fixture.state(first) == .settled)
            #expect(try fixture.state(second) == .accepted)
            #expect(fixture.cloud.leases().first?.endsAt == QueueCloud.start.adding(seconds: 10_800))
        }
    }

    @Test("A change of a lease that is gone is refused with a reason")
    func gone() async throws {
        try await with { fixture in
            let lease = try await fixture.lease()
            let mutation = try fixture.change(.extend, lease, fixture.end(9_000))
            fixture.cloud.direct("DELETE", "/v1/leases/\(lease.id)")
            _ = try await fixture.push()
            #expect(try fixture.present(mutation).state == .rejected)
            #expect(try fixture.present(mutation).reason == "gone")
        }
    }

    @Test(
        "A lease of another project is not changed, though Chameleon would allow it",
        arguments: [Mutation.Verb.extend, .delete])
    func foreign(verb: Mutation.Verb) async throws {
        try await with(.chameleon) { fixture in
            let answer = fixture.cloud.direct(
                "POST", "/v1/leases", .object(fixture.draft("theirs").body), as: "user2")
            let object = try #require(try answer.json()["lease"]?.objectValue)
            let lease = try BlazarLease(json: object)
            let mutation = try fixture.change(verb, lease, verb == .extend ? fixture.end(9_000) : [:])
            _ = try await fixture.push()
            #expect(try fixture.present(mutation).state == .rejected)
            #expect(try fixture.present(mutation).reason == "auth")
            #expect(fixture.cloud.count("PUT") + fixture.cloud.count("DELETE") == 0)
            #expect(fixture.cloud.leases().first?.endsAt == lease.endsAt)
        }
    }

    // MARK: - Accepted writes

    @Test(
        "An accepted change is known even if the lease could not be read again",
        arguments: [Dialect.upstream, .chameleon])
    func acceptedUnread(dialect: Dialect) async throws {
        try await with(dialect) { fixture in
            let lease = try await fixture.lease()
            let mutation = try fixture.change(.extend, lease, fixture.end(9_000))
            fixture.cloud.fail("GET /v1/leases/\(lease.id)", after: 1, .lost)
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .accepted)
            let known = try fixture.mirrored("there")
            #expect(known.endsAt == QueueCloud.start.adding(seconds: 9_000))
            // A further change is based on it, so there is no conflict with ourselves.
            let second = try fixture.change(.extend, known, fixture.end(12_600))
            #expect(second.base == fixture.end(9_000))
            _ = try await fixture.push()
            #expect(try fixture.state(second) == .accepted)
            #expect(fixture.cloud.leases().first?.endsAt == QueueCloud.start.adding(seconds: 12_600))
        }
    }

    @Test("A change made after one whose answer was lost does not conflict with it")
    func lostThenChanged() async throws {
        try await with { fixture in
            let lease = try await fixture.lease()
            try fixture.change(.extend, lease, fixture.end(9_000))
            fixture.cloud.fail("PUT", .lost)
            _ = try await fixture.push()
            let second = try fixture.change(.extend, lease, fixture.end(12_600))
            await fixture.settle(3)
            #expect(try fixture.state(second) == .settled)
            #expect(fixture.cloud.leases().first?.endsAt == QueueCloud.start.adding(seconds: 12_600))
        }
    }

    @Test(
        "A lease that turns out to be gone is marked as gone at once", arguments: Mutation.Verb.allCases.dropFirst())
    func goneAtOnce(verb: Mutation.Verb) async throws {
        try await with { fixture in
            let lease = try await fixture.lease()
            let mutation = try fixture.change(verb, lease, verb == .delete ? [:] : fixture.end(9_000))
            fixture.cloud.direct("DELETE", "/v1/leases/\(lease.id)")
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == (verb == .delete ? .settled : .rejected))
            #expect(try fixture.store.lease(id: lease.id, scope: fixture.scope.id)?.removal?.reason == .deleted)
        }
    }

    // MARK: - Reservations

    @Test("Every requested field of every reservation is sent", arguments: [Dialect.upstream, .chameleon])
    func reservations(dialect: Dialect) async throws {
        try await with(dialect) { fixture in
            var draft = fixture.draft("two", reservation: QueueFixture.host)
            draft.reservations.append(QueueFixture.host)
            let answer = fixture.cloud.direct("POST", "/v1/leases", .object(draft.body))
            try #require(answer.status == 201)
            await fixture.sync()
            let lease = try fixture.mirrored("two")
            let ids = lease.reservations.map(\.id)
            func asking(_ id: String, _ fields: JSONObject) -> JSONObject {
                ["reservations": [.object((["id": .string(id)] as JSONObject).merging(fields))]]
            }
            try fixture.change(.update, lease, asking(ids[0], ["max": 2]))
            try fixture.change(.update, lease, asking(ids[1], ["max": 2]))
            let last = try fixture.change(.update, lease, asking(ids[1], ["max": 3]))
            _ = try await fixture.push()
            #expect(try fixture.state(last) == .accepted)
            let changed = try #require(fixture.cloud.leases().first)
            #expect(changed.reservations.map(\.maximumCount) == [2, 3])
            #expect(changed.reservations.map(\.minimumCount) == [1, 1])
        }
    }

    @Test("A conflict in a field of a reservation is noticed")
    func reservationConflict() async throws {
        try await with { fixture in
            let lease = try await fixture.lease()
            let id = lease.reservations[0].id
            let mutation = try fixture.change(.update, lease, ["reservations": [["id": .string(id), "max": 3]]])
            fixture.cloud.direct(
                "PUT", "/v1/leases/\(lease.id)", ["reservations": [["id": .string(id), "max": 2]]])
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .blocked)
            #expect(try fixture.present(mutation).theirs == ["reservations": [["id": .string(id), "max": 2]]])
            _ = try fixture.writeQueue.resolve(mutation.id, .mine)
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .accepted)
            #expect(fixture.cloud.leases().first?.reservations.first?.maximumCount == 3)
        }
    }

    @Test("A write to a lease that is still starting is tried again soon")
    func tooEarly() async throws {
        try await with { fixture in
            let lease = try await fixture.lease()
            let mutation = try fixture.change(.extend, lease, fixture.end(9_000))
            for _ in 0..<6 {
                fixture.cloud.fail("PUT", .refusal(409, "Invalid lease status."))
                _ = try await fixture.push()
                #expect(try fixture.state(mutation) == .queued)
                fixture.cloud.advance(31)
            }
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .accepted)
        }
    }
}
