import LeaseModel
import SyncPlanner
import Testing

@Suite("Late starts")
struct LateStartTests {
    private func resolve(
        _ draft: LeaseDraft, _ policy: LateStartPolicy, asked: Timestamp = .noon, now: Timestamp
    ) -> LateStart {
        LateStart.resolve(draft, policy: policy, askedAt: asked, now: now)
    }

    private func sent(_ result: LateStart) -> LeaseDraft? { if case .send(let draft) = result { draft } else { nil } }

    @Test("A start in the future is sent unchanged", arguments: LateStartPolicy.allCases)
    func early(policy: LateStartPolicy) {
        let draft = LeaseDraft.sample()
        // The last second of the minute before.
        #expect(resolve(draft, policy, now: .at(3_599)) == .send(draft))
        #expect(resolve(draft, policy, now: .at(-100_000)) == .send(draft))
    }

    @Test(
        "A start within the current minute is sent as now, until its last second", arguments: LateStartPolicy.allCases)
    func thisMinute(policy: LateStartPolicy) {
        for seconds in [3_600, 3_601, 3_659] as [Int64] {
            let draft = sent(resolve(.sample(), policy, now: .at(seconds)))
            #expect(draft?.start == .now)
            #expect(draft?.endsAt == .at(7_200))
        }
    }

    @Test("A start that has passed follows the policy")
    func late() {
        let draft = LeaseDraft.sample(beforeEnd: .at(7_000))
        let now = Timestamp.at(3_660)
        guard case .expired(let message) = resolve(draft, .expire, now: now) else {
            Issue.record("sent anyway")
            return
        }
        #expect(message.contains("start"))
        let kept = sent(resolve(draft, .startNow, now: now))
        #expect(kept?.start == .now)
        #expect(kept?.endsAt == .at(7_200))
        let shifted = sent(resolve(draft, .shift, now: now))
        #expect(shifted?.start == .now)
        #expect(shifted?.endsAt == .at(7_260))
        #expect(shifted?.beforeEnd == .at(7_060))
    }

    @Test("A start of now means the time of the request")
    func now() {
        let draft = LeaseDraft.sample(start: .now)
        #expect(resolve(draft, .expire, asked: .at(30), now: .at(59)) == .send(draft))
        #expect(sent(resolve(draft, .expire, asked: .at(30), now: .at(60))) == nil)
        #expect(resolve(draft, .startNow, asked: .at(30), now: .at(6_000)) == .send(draft))
        #expect(sent(resolve(draft, .shift, asked: .at(30), now: .at(630)))?.endsAt == .at(7_800))
    }

    @Test(
        "A creation whose end has passed expires, unless it is shifted", arguments: [7_200, 7_201, 90_000] as [Int64])
    func endPassed(seconds: Int64) {
        #expect(sent(resolve(.sample(), .expire, now: .at(seconds))) == nil)
        #expect(sent(resolve(.sample(), .startNow, now: .at(seconds))) == nil)
        #expect(sent(resolve(.sample(), .shift, now: .at(seconds)))?.endsAt == .at(seconds + 3_600))
    }

    @Test("The minute of the end is too late, the minute before is not")
    func endBoundary() {
        #expect(sent(resolve(.sample(), .startNow, now: .at(7_199))) != nil)
        #expect(sent(resolve(.sample(), .startNow, now: .at(7_200))) == nil)
    }

    @Test("A creation requested under a clock far ahead keeps its length")
    func clockAhead() {
        let asked = Timestamp.at(400 * 86_400)
        let draft = LeaseDraft.sample(start: .now, end: asked.adding(seconds: 7_200))
        #expect(resolve(draft, .startNow, asked: asked, now: .at(0)) == .send(.sample(start: .now, end: .at(7_200))))
    }

    @Test("A date that was in the past when it was requested is sent unchanged")
    func askedLate() {
        let draft = LeaseDraft.sample(start: .at(.at(-7_200)), end: .at(-3_600))
        #expect(resolve(draft, .expire, now: .at(60)) == .send(draft))
    }

    @Test("Limits set by a clock far ahead count from now, once")
    func limits() {
        let write = Mutation.creation().with {
            $0.retryUntil = .at(600)
            $0.notAfter = .at(1_200)
        }
        #expect(write.countingLimits(from: .at(-3_600)) == write)
        #expect(write.countingLimits(from: .at(5_000)) == write)
        let now = Timestamp.at(-400 * 86_400)
        let counted = write.countingLimits(from: now)
        #expect(counted.retryUntil == now.adding(seconds: 600))
        #expect(counted.notAfter == now.adding(seconds: 1_200))
        #expect(counted.countingLimits(from: now.adding(seconds: 86_400)) == counted)
    }
}
