import CaptureFixtures
import LeaseModel
import SyncPlanner
import Testing

/// The life of a queue without a store or a network: random writes, steps, answers, lists and crashes.
private struct Play {
    var random: SeededRandom
    var queue: [Mutation] = []
    /// Everything that was ever requested.
    var asked: Set<Int64> = []
    var now = Timestamp.noon
    var lastID: Int64 = 0
    var run: Int64 = 1
    /// Whether the cloud carries out every request, and nothing crashes.
    var works = false
    let rules = QueueRules(quietPeriodSeconds: 60, failuresBeforeParking: 4)

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func chance(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    mutating func put(_ mutation: Mutation) {
        guard let index = queue.firstIndex(where: { $0.id == mutation.id }) else { return queue.append(mutation) }
        queue[index] = mutation
        guard mutation.verb == .create, let lease = mutation.leaseID else { return }
        for index in queue.indices where queue[index].localID == mutation.localID && queue[index].leaseID == nil {
            queue[index].leaseID = lease
        }
    }

    /// Requests something of one of five leases; leases 3 and 4 are created here.
    mutating func wish() {
        let number = chance(5)
        let local = number > 2 ? "local-\(number)" : nil
        let known = queue.first { $0.verb == .create && $0.localID == local }
        lastID += 1
        let policy = LateStartPolicy.allCases.randomElement(using: &random) ?? .expire
        let limit: Timestamp? = chance(4) == 0 ? now.adding(seconds: Int64(chance(7_200))) : nil
        var wanted: Mutation
        if let local, known == nil {
            let start: LeaseDraft.Start = chance(2) == 0 ? .now : .at(now.adding(seconds: Int64(chance(7_200))))
            wanted = .creation(lastID, local: local, draft: .sample(start: start, end: now.adding(seconds: 90_000)))
        } else {
            let verb = [Mutation.Verb.update, .extend, .extend, .delete].randomElement(using: &random) ?? .extend
            let end = Timestamp.at(Int64(chance(9)) * 3_600).blazarRequest
            wanted = .change(
                lastID, verb, local: local, lease: local == nil ? "lease-\(number)" : known?.leaseID,
                body: ["end_date": .string(end)])
        }
        wanted.lateStart = policy
        wanted.notAfter = limit
        wanted.nextAttemptAt = now
        if chance(3) == 0 { wanted.retryUntil = now.adding(seconds: 3_600) }
        asked.insert(lastID)
        let effect = Enqueueing(wanted, onto: queue.filter { isInStore($0) }, now: now)
        for changed in effect.changed { put(changed) }
        if let standing = effect.mutation { put(standing) } else { asked.remove(lastID) }
    }

    /// Whether the store returns the write as part of the queue.
    func isInStore(_ mutation: Mutation) -> Bool {
        ![.settled, .cancelled, .expired, .superseded].contains(mutation.state)
    }

    mutating func outcome(of mutation: Mutation) -> AttemptOutcome {
        let lease = mutation.leaseID ?? "made-\(mutation.id)"
        if works { return .accepted(leaseID: lease) }
        switch chance(9) {
        case 0: return .rejected(reason: "capacity", message: "full", requestID: nil)
        case 1: return .rejected(reason: "policy", message: "no", requestID: nil)
        case 2: return .notDone(message: "429", requestID: nil, retryAfter: ServerDelay(seconds: Int(chance(30))))
        case 3:
            return mutation.verb == .create
                ? .outcomeUnknown(message: "lost", requestID: nil)
                : .failed(message: "500", requestID: nil, retryAfter: nil)
        case 4: return .unauthenticated(message: "401", requestID: nil)
        case 5 where mutation.verb != .create: return .conflict(theirs: ["end_date": "x"], message: "conflict")
        case 6 where mutation.verb != .create: return .alreadySo(leaseID: lease)
        default: return .accepted(leaseID: lease)
        }
    }

    /// Sends everything that is due, and returns the number of steps.
    mutating func push() -> Int {
        for index in queue.indices { queue[index] = QueueRules.recovered(queue[index], now: now) }
        for index in queue.indices where queue[index].state == .blocked && queue[index].reason == "auth" {
            queue[index].state = .queued
        }
        var steps = 0
        while let step = QueuePlanner(now: now).next(queue.filter { isInStore($0) }) {
            steps += 1
            if steps > 1_000 { break }
            let mutation = step.mutation
            switch step {
            case .expire: put(mutation.with { $0.state = .expired })
            case .reject: put(mutation.with { $0.state = .rejected })
            case .create, .change, .delete:
                let sending = mutation.with {
                    $0.state = .sending
                    $0.attempts += 1
                    $0.unconfirmed = UnconfirmedAttempt(run: run)
                }
                put(sending)
                // A crash: nothing is recorded, and nothing more is sent.
                if !works, chance(20) == 0 { return steps }
                put(rules.mutation(sending, after: outcome(of: sending), now: now, using: &random))
            }
        }
        return steps
    }

    mutating func list() {
        run += 1
        for mutation in queue {
            let found = chance(3) == 0 ? ["made-\(mutation.id)"] : []
            var next = rules.mutation(
                mutation, after: .init(run: run, serverDate: now, matches: found, isCertain: true), now: now)
            next = rules.settled(next, isListed: true, now: now)
            put(next)
        }
    }

    mutating func turn() -> Int {
        // Clocks are set back, too.
        now = now.adding(seconds: Int64(chance(400)) - 20)
        switch chance(4) {
        case 0, 1: wish()
        case 2: list()
        default: return push()
        }
        return 0
    }
}

@Suite("Properties of the queue")
struct QueuePropertyTests {
    /// Like `#expect`, which is too slow for a million checks.
    private func check(_ holds: Bool, _ seed: UInt64, sourceLocation: SourceLocation = #_sourceLocation) {
        guard !holds else { return }
        Issue.record("seed \(seed)", sourceLocation: sourceLocation)
    }

    @Test("Whatever happens, the planner ends, no write disappears, and each lease's writes keep their order")
    func plays() {
        for seed in 0..<500 as Range<UInt64> {
            var play = Play(seed: seed)
            for _ in 0..<40 {
                let steps = play.turn()
                check(steps <= 200, seed)
                let ids = Set(play.queue.map(\.id))
                check(play.asked.isSubset(of: ids), seed)
                for mutation in play.queue {
                    let isSound =
                        mutation.state != .unknown || (mutation.verb == .create && mutation.unconfirmed != nil)
                    check(isSound, seed)
                    let underWay = play.queue.filter {
                        $0.state == .sending && $0.concernsSameLease(as: mutation) && mutation.state == .sending
                    }
                    check(underWay.count <= 1, seed)
                }
                guard steps > 0, steps <= 200 else { continue }
                // After a push nothing is due, unless it ended in a crash.
                let isCrashed = play.queue.contains { $0.state == .sending }
                let rest = QueuePlanner(now: play.now).next(play.queue.filter { play.isInStore($0) })
                check(isCrashed || rest == nil, seed)
            }
        }
    }

    @Test(
        "Nothing is sent while an earlier write to its lease may still be carried out, in any order of reading")
    func order() {
        for seed in 0..<500 as Range<UInt64> {
            var play = Play(seed: seed)
            for _ in 0..<25 { _ = play.turn() }
            var queue = play.queue.filter { play.isInStore($0) }
            let planner = QueuePlanner(now: play.now)
            let step = planner.next(queue)
            let wake = planner.wakeTime(queue)
            for _ in 0..<4 {
                queue.shuffle(using: &play.random)
                check(planner.next(queue) == step, seed)
                check(planner.wakeTime(queue) == wake, seed)
            }
            guard let mutation = step?.mutation else { continue }
            for other in queue where other.id < mutation.id && other.concernsSameLease(as: mutation) {
                check(!other.state.holdsUpLater, seed)
            }
            if mutation.verb != .create {
                #expect(
                    mutation.leaseID != nil
                        || !queue.contains {
                            $0.verb == .create && $0.localID == mutation.localID
                        }, "seed \(seed)")
            }
            // The next step for one lease does not depend on the others.
            let own = queue.filter { $0.concernsSameLease(as: mutation) }
            check(planner.next(own) == step, seed)
        }
    }

    @Test("With a cloud that works, everything comes to rest")
    func rest() {
        for seed in 0..<300 as Range<UInt64> {
            var play = Play(seed: seed)
            for _ in 0..<30 { _ = play.turn() }
            play.works = true
            for _ in 0..<12 {
                play.now = play.now.adding(seconds: 700)
                play.list()
                _ = play.push()
            }
            let queue = play.queue.filter { play.isInStore($0) }
            check(!queue.contains { [.sending, .unknown, .accepted].contains($0.state) }, seed)
            // Whatever still waits, waits for a person's decision about an earlier write.
            check(QueuePlanner(now: play.now).wakeTime(queue) == nil, seed)
        }
    }
}
