import LeaseModel
import SyncPlanner
import Testing

@Suite("The queue planner")
struct QueuePlannerTests {
    private func next(_ queue: [Mutation], at now: Timestamp = .at(0)) -> Int64? {
        QueuePlanner(now: now).next(queue)?.mutation.id
    }

    @Test("An empty, finished or waiting queue has nothing due")
    func nothing() {
        #expect(next([]) == nil)
        for state in MutationState.allCases where state != .queued {
            #expect(next([.creation(1, state, unconfirmed: UnconfirmedAttempt(run: 1))]) == nil, "\(state)")
        }
        #expect(next([Mutation.change(1).with { $0.nextAttemptAt = .at(1) }]) == nil)
    }

    @Test("Writes to one lease keep their order")
    func order() {
        let first = Mutation.change(1).with { $0.nextAttemptAt = .at(60) }
        #expect(next([.change(2), first]) == nil)
        #expect(next([.change(2), first], at: .at(60)) == 1)
        for state in [MutationState.sending, .unknown, .blocked, .parked] {
            #expect(next([.change(1, .update, state), .change(2)]) == nil, "\(state)")
        }
        for state in [MutationState.accepted, .rejected, .cancelled, .expired, .superseded, .settled] {
            #expect(next([.change(1, .update, state), .change(2)]) == 2, "\(state)")
        }
    }

    @Test("Different leases never wait for each other", arguments: MutationState.allCases)
    func independence(state: MutationState) {
        let stuck = Mutation.change(1, .update, state).with { $0.nextAttemptAt = .at(3_000) }
        #expect(next([stuck, .change(2, lease: "b")]) == 2)
    }

    @Test("Dependents of a creation wait until the lease exists")
    func dependents() {
        let dependent = Mutation.change(2, local: "local-1", lease: nil)
        for state in [MutationState.sending, .unknown, .accepted, .rejected, .parked, .blocked] {
            #expect(next([.creation(1, state, unconfirmed: UnconfirmedAttempt(run: 1)), dependent]) == nil, "\(state)")
        }
        let made = Mutation.creation(1, .accepted).with { $0.leaseID = "a" }
        #expect(next([made, dependent.with { $0.leaseID = "a" }]) == 2)
    }

    @Test("The write due longest goes first, so a failing one never starves the others")
    func fairness() {
        let failed = Mutation.change(1).with { $0.nextAttemptAt = .at(30) }
        #expect(next([failed, .change(2, lease: "b")], at: .at(40)) == 2)
        #expect(next([failed, Mutation.change(2, lease: "b").with { $0.nextAttemptAt = .at(31) }], at: .at(40)) == 1)
    }

    @Test("The planner knows when the next write is due")
    func wakeTime() {
        let planner = QueuePlanner(now: .at(0))
        #expect(planner.wakeTime([]) == nil)
        let late = Mutation.change(1).with { $0.nextAttemptAt = .at(90) }
        let behind = Mutation.change(2)
        let other = Mutation.change(3, lease: "b").with { $0.nextAttemptAt = .at(120) }
        #expect(planner.wakeTime([late, behind, other]) == .at(90))
        #expect(planner.wakeTime([.change(1, .update, .blocked), behind]) == nil)
    }

    @Test("Each verb has its step")
    func steps() {
        func step(_ mutation: Mutation, at now: Timestamp = .at(0)) -> QueuePlanner.Step? {
            QueuePlanner(now: now).next([mutation])
        }
        #expect(step(.creation()) == .create(.creation(), .sample()))
        #expect(step(.change(1)) == .change(.change(1)))
        #expect(step(.change(1, .update)) == .change(.change(1, .update)))
        #expect(step(.change(1, .delete)) == .delete(.change(1, .delete)))
        let limited = Mutation.change(1).with { $0.notAfter = .at(10) }
        #expect(step(limited, at: .at(10)) == .change(limited))
        guard case .expire(_, let message) = step(limited, at: .at(11)) else {
            Issue.record("sent after its time")
            return
        }
        #expect(message.contains("not to be sent after"))
        guard case .expire = step(.creation(), at: .at(7_200)) else {
            Issue.record("sent after its start")
            return
        }
        let broken = Mutation.creation().with { $0.body = ["name": "x"] }
        guard case .reject(_, let why) = step(broken) else {
            Issue.record("sent an invalid draft")
            return
        }
        #expect(why.contains("end_date"))
    }

    @Test("A write postponed by a clock 400 days ahead is due once the clock is right")
    func wrongClock() throws {
        let year: Int64 = 400 * 86_400
        let planner = QueuePlanner(now: .at(10))
        let change = Mutation.change(1).with { $0.nextAttemptAt = .at(year) }
        #expect(planner.next([change])?.mutation.id == 1)
        #expect(planner.wakeTime([change]) == .at(10))
        let soon = Mutation.change(1).with { $0.nextAttemptAt = .at(3_000) }
        #expect(planner.next([soon])?.mutation.id == nil)
        #expect(planner.wakeTime([soon]) == .at(3_000))
    }
}

extension QueuePlanner.Step {
    var mutation: Mutation {
        switch self {
        case .create(let mutation, _), .change(let mutation), .delete(let mutation), .expire(let mutation, _),
            .reject(let mutation, _):
            mutation
        }
    }
}
