import CaptureFixtures
import LeaseModel
import SyncPlanner
import Testing

@Suite("The rules of the queue")
struct QueueRulesTests {
    private let rules = QueueRules(quietPeriodSeconds: 300, failuresBeforeParking: 3)

    private func after(_ outcome: AttemptOutcome, _ mutation: Mutation, now: Timestamp = .at(10)) -> Mutation {
        var random = SeededRandom(seed: 7)
        return rules.mutation(mutation, after: outcome, now: now, using: &random)
    }

    private static func sent(_ verb: Mutation.Verb) -> Mutation {
        let mutation = verb == .create ? Mutation.creation(1, .sending) : .change(1, verb, .sending)
        return mutation.with { $0.unconfirmed = UnconfirmedAttempt(run: 5) }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let outcome: AttemptOutcome
        /// The state after it, by verb: create, update, extend, delete.
        let states: [MutationState]
        var reason: String?
        var keepsUnconfirmed = false
        var failures = 0
        var waits = false
        var testDescription: String { "\(outcome)" }
    }

    static let rowCases: [Row] = [
        Row(outcome: .accepted(leaseID: "a"), states: [.accepted, .accepted, .accepted, .settled]),
        Row(outcome: .alreadySo(leaseID: "a"), states: Array(repeating: .settled, count: 4)),
        Row(
            outcome: .rejected(reason: "policy", message: "no", requestID: "r"),
            states: Array(repeating: .rejected, count: 4), reason: "policy"),
        Row(
            outcome: .rejected(reason: "capacity", message: "no", requestID: "r"),
            states: Array(repeating: .rejected, count: 4), reason: "capacity"),
        Row(
            outcome: .notDone(message: "no", requestID: "r", retryAfter: nil),
            states: Array(repeating: .queued, count: 4), failures: 1, waits: true),
        Row(
            outcome: .failed(message: "no", requestID: "r", retryAfter: nil),
            states: Array(repeating: .queued, count: 4), failures: 1, waits: true),
        Row(
            outcome: .outcomeUnknown(message: "no", requestID: "r"), states: Array(repeating: .unknown, count: 4),
            keepsUnconfirmed: true, failures: 1),
        Row(
            outcome: .unauthenticated(message: "no", requestID: "r"), states: Array(repeating: .blocked, count: 4),
            reason: "auth"),
        Row(
            outcome: .conflict(theirs: ["name": "x"], message: "no"), states: Array(repeating: .blocked, count: 4),
            reason: "conflict"),
    ]

    @Test("Every outcome moves every verb to its state", arguments: rowCases)
    func outcomes(row: Row) {
        for (verb, state) in zip(Mutation.Verb.allCases, row.states) {
            let next = after(row.outcome, Self.sent(verb))
            #expect(next.state == state, "\(verb)")
            #expect(next.reason == row.reason, "\(verb)")
            #expect((next.unconfirmed != nil) == row.keepsUnconfirmed, "\(verb)")
            #expect(next.failures == row.failures, "\(verb)")
            #expect((next.nextAttemptAt > .at(10)) == row.waits, "\(verb)")
            #expect(next.updatedAt == .at(10))
            if case .conflict(let theirs, _) = row.outcome { #expect(next.theirs == theirs) }
            if case .accepted(let id) = row.outcome { #expect(next.leaseID == id) }
            if [.rejected, .queued, .unknown].contains(state) || row.reason == "auth" {
                #expect(next.message == "no")
                #expect(next.requestID == "r")
            }
        }
    }

    @Test("A creation without enough capacity is tried again until its limit")
    func retryUntil() {
        let patient = Self.sent(.create).with { $0.retryUntil = .at(1_000) }
        let full = AttemptOutcome.rejected(reason: "capacity", message: "full", requestID: nil)
        let next = after(full, patient)
        #expect(next.state == .queued)
        #expect(next.reason == "capacity")
        #expect(next.nextAttemptAt > .at(10))
        #expect(after(full, patient, now: .at(1_000)).state == .rejected)
        #expect(after(.rejected(reason: "policy", message: "no", requestID: nil), patient).state == .rejected)
    }

    @Test("A change that keeps failing is parked; one that cannot be sent never is")
    func parking() {
        var failing = Self.sent(.update)
        var unsent = Self.sent(.update)
        for _ in 0..<3 {
            failing = after(.failed(message: "500", requestID: "r", retryAfter: nil), failing)
            unsent = after(.notDone(message: "no connection", requestID: nil, retryAfter: nil), unsent)
        }
        #expect(failing.state == .parked)
        #expect(failing.reason == "failing")
        #expect(failing.requestID == "r")
        #expect(unsent.state == .queued)
    }

    @Test(
        "Retry-After is respected, up to an hour",
        arguments: [.min, -1, 0, 1, 120, 3_600, 3_601, 86_400, .max - 1, .max])
    func retryAfter(seconds: Int) {
        let delay = ServerDelay(seconds: seconds)
        for outcome in [
            AttemptOutcome.notDone(message: "", requestID: nil, retryAfter: delay),
            .failed(message: "", requestID: nil, retryAfter: delay),
        ] {
            for verb in [Mutation.Verb.create, .update, .delete] {
                let wait = after(outcome, Self.sent(verb)).nextAttemptAt.seconds(since: .at(10))
                #expect(wait >= min(max(1, Int64(seconds)), 3_600))
                #expect(wait <= 3_600)
            }
        }
    }

    @Test("After a crash a creation is unconfirmed, and other writes are checked again; nothing else changes")
    func recovery() {
        #expect(QueueRules.recovered(Self.sent(.create), now: .at(9)).state == .unknown)
        #expect(QueueRules.recovered(Self.sent(.create), now: .at(9)).unconfirmed == UnconfirmedAttempt(run: 5))
        for verb in [Mutation.Verb.update, .extend, .delete] {
            let next = QueueRules.recovered(Self.sent(verb), now: .at(9))
            #expect(next.state == .queued)
            #expect(next.unconfirmed == nil)
        }
        for state in MutationState.allCases where state != .sending {
            let mutation = Mutation.creation(1, state)
            #expect(QueueRules.recovered(mutation, now: .at(9)) == mutation)
        }
    }

    // MARK: - After a list

    private func sight(
        _ mutation: Mutation, run: Int64, at seconds: Int64, _ matches: [String] = []
    ) -> Mutation {
        rules.mutation(
            mutation, after: .init(run: run, serverDate: .at(seconds), matches: matches, isCertain: true),
            now: .at(seconds))
    }

    private var doubtful: Mutation {
        .creation(1, .unknown, unconfirmed: UnconfirmedAttempt(run: 5)).with { $0.failures = 1 }
    }

    @Test("A lease found in a list settles the creation at once")
    func found() {
        let next = sight(doubtful, run: 6, at: 1, ["a"])
        #expect(next.state == .settled)
        #expect(next.leaseID == "a")
        #expect(next.unconfirmed == nil)
        #expect(next.failures == 0)
    }

    @Test("A list that began before the attempt is ignored")
    func earlierList() {
        #expect(sight(doubtful, run: 5, at: 1, ["a"]) == doubtful)
        #expect(sight(doubtful, run: 4, at: 1) == doubtful)
    }

    @Test("It is sent again after two lists that began after the quiet period, and not before")
    func quietPeriod() {
        var mutation = sight(doubtful, run: 6, at: 0)
        #expect(mutation.unconfirmed?.anchor == .at(0))
        for (run, seconds) in [(7, 100), (8, 299), (9, 300)] as [(Int64, Int64)] {
            mutation = sight(mutation, run: run, at: seconds)
            #expect(mutation.unconfirmed?.absences == 0, "\(seconds)")
        }
        mutation = sight(mutation, run: 10, at: 301)
        #expect(mutation.state == .unknown)
        #expect(mutation.unconfirmed?.absences == 1)
        // The same list, seen again.
        #expect(sight(mutation, run: 10, at: 301) == mutation)
        mutation = sight(mutation, run: 11, at: 302)
        #expect(mutation.state == .queued)
        #expect(mutation.unconfirmed == nil)
        #expect(mutation.nextAttemptAt == .at(302))
        #expect(mutation.token == Mutation.sampleToken)
    }

    @Test("The first list starts the quiet period, however late it comes")
    func lateFirstList() {
        let mutation = sight(doubtful, run: 6, at: 100_000)
        #expect(mutation.unconfirmed?.absences == 0)
        #expect(mutation.state == .unknown)
    }

    @Test("A server clock that goes back only lengthens the wait")
    func serverClockBack() {
        var mutation = sight(doubtful, run: 6, at: 1_000)
        mutation = sight(mutation, run: 7, at: 0)
        mutation = sight(mutation, run: 8, at: 900)
        #expect(mutation.unconfirmed?.absences == 0)
    }

    @Test("Two matches block the creation, and both are named")
    func ambiguous() {
        let next = sight(doubtful, run: 6, at: 1, ["a", "b"])
        #expect(next.state == .blocked)
        #expect(next.reason == "ambiguous")
        #expect(next.message?.contains("a, b") == true)
        #expect(next.unconfirmed?.seenRun == 6, "a person who rejects both has seen this list")
    }

    @Test("A creation that was lost too often is parked instead of sent again")
    func parkedCreation() {
        var mutation = doubtful.with {
            $0.failures = 3
            $0.message = "500"
        }
        mutation = sight(mutation, run: 6, at: 0)
        mutation = sight(mutation, run: 7, at: 301)
        mutation = sight(mutation, run: 8, at: 302)
        #expect(mutation.state == .parked)
        #expect(mutation.message == "500")
        #expect(mutation.unconfirmed == nil)
    }

    @Test("Only an accepted write is settled by a list", arguments: MutationState.allCases)
    func settling(state: MutationState) {
        let mutation = Mutation.creation(1, state)
        let next = rules.settled(mutation, isListed: true, now: .at(5))
        #expect((next != mutation) == (state == .accepted))
        if state == .accepted {
            #expect(next.state == .settled)
            #expect(rules.settled(mutation, isListed: false, now: .at(5)).message?.contains("deleted") == true)
        }
    }

    @Test("A write to a lease between two states is tried again soon, and for longer than one that fails")
    func betweenStates() {
        var mutation = Mutation.change(1, .extend, .sending)
        for _ in 0..<40 {
            mutation = after(
                .tooEarly(message: "Invalid lease status.", requestID: nil, retryAfter: nil), mutation)
            #expect(mutation.state == .queued)
            #expect(mutation.nextAttemptAt <= .at(10 + 30))
        }
    }
}
