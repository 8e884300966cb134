import LeaseModel
import Testing

@testable import SyncPlanner

@Suite("What to do about a kept lease")
struct KeepPlannerTests {
    private static let minute: Int64 = 60
    private static let hour: Int64 = 3_600

    /// A lease that began an hour ago, and ends after some hours.
    private static func lease(
        start: Int64 = -1, end: Int64 = 4, status: LeaseStatus = .active, removal: Removal? = nil
    ) -> MirroredLease {
        MirroredLease(
            lease: BlazarLease(
                id: "a", name: "lease", userID: "u", projectID: "p", startsAt: .at(start * hour),
                endsAt: .at(end * hour), status: status),
            scopeID: 1, site: "s", projectName: nil, userName: nil, isMine: true, firstSeenAt: .noon, observedAt: .noon,
            lastSeenAt: .noon, removal: removal)
    }

    private static func rule(
        until: Int64 = 48, minStep: Int64 = 1, _ change: (inout KeepRule) -> Void = { _ in }
    ) -> KeepRule {
        var rule = KeepRule(
            id: 1, address: Mutation.sampleAddress, scopeID: 1, site: "s", leaseID: "a", localID: nil,
            leaseName: "lease", until: .at(until * hour), minStepSeconds: minStep * hour, createdAt: .noon)
        change(&rule)
        return rule
    }

    /// The verdict of a site where an extension is possible in the last hours of a lease, and until a limit.
    private static func verdict(window: Int64? = nil, longest: Int64? = nil, free: Int64? = nil)
        -> (MirroredLease, Timestamp?) -> ExtensionVerdict
    {
        { lease, end in
            let reservation = Reservation(id: "r", resourceType: .host, status: .active, fields: ["min": 1])
            var held = lease.lease
            held.reservations = [reservation]
            let next = free.map {
                Allocation(
                    resourceKind: .host, resourceID: "1", reservationID: "other", leaseID: "other",
                    startsAt: .at($0 * hour), endsAt: .at($0 * hour + hour), projectID: "p2", leaseName: "course")
            }
            let room = ReservationRoom(
                reservation,
                candidates: [.init(id: "1", name: "node-1", isHeld: true, others: next.map { [$0] } ?? [])],
                listedAt: .noon)
            let rules = LeaseRules(
                maxDurationSeconds: longest.map { $0 * hour }, extensionWindowSeconds: window.map { $0 * hour })
            return ExtensionCheck(lease: held, rules: rules, rooms: [room], held: [], now: .noon).verdict(end)
        }
    }

    private static func step(
        _ rule: KeepRule = Self.rule(), on lease: MirroredLease? = Self.lease(), writes: [Mutation] = [],
        last: Mutation? = nil, mayExtend: Bool = true,
        by verdict: (MirroredLease, Timestamp?) -> ExtensionVerdict = Self.verdict()
    ) -> KeepPlanner.Step {
        KeepPlanner(now: .noon).step(
            rule, .init(lease: lease, writes: writes, lastExtension: last), mayExtend: mayExtend, verdict: verdict)
    }

    // MARK: - What is not known

    @Test("Nothing is extended while the site's rules cannot be read, and the rule says why")
    func rulesAreUnknown() {
        let step = Self.step { lease, end in
            ExtensionCheck(
                lease: lease.lease, rules: LeaseRules(), rooms: [], held: [], rulesProblem: "policy.yaml, line 3: bad",
                now: .noon
            ).verdict(end)
        }
        #expect(step.newEnd == nil)
        #expect(step.rule.message == "policy.yaml, line 3: bad")
        #expect(step.rule.ending == nil)
        #expect(Self.step(step.rule).newEnd != nil, "and goes on once they can")
    }

    @Test("A lease that is not there yet is waited for; a refused creation is named, and may still be retried")
    func notYet() {
        let draft = LeaseDraft.sample(start: .at(.at(0)), end: .at(7_200))
        func rule(after state: MutationState, _ before: KeepRule = Self.rule()) -> KeepRule {
            var creation = Mutation.creation(1, state, draft: draft)
            creation.message = "Not enough hosts"
            return KeepPlanner(now: .noon).step(
                before, .init(lease: nil, creation: creation, writes: []), mayExtend: true, verdict: Self.verdict()
            ).rule
        }
        let refused = rule(after: .rejected)
        #expect(refused.message == "Its creation was refused: Not enough hosts")
        #expect(refused.ending == nil)
        #expect(rule(after: .queued, refused).message == nil)
        #expect(rule(after: .cancelled).ending == .gone)
    }

    // MARK: - How far

    struct Reach: Sendable {
        let name: String
        var window: Int64?
        var longest: Int64?
        var free: Int64?
        var until: Int64 = 48
        var minStep: Int64 = 1
        var failures = 0
        /// The new end in hours from now; `nil` if there is to be no extension.
        let end: Int64?
    }

    static let reaches = [
        Reach(name: "no rules: at once, all the way", end: 48),
        Reach(name: "the window is closed", window: 3, end: nil),
        Reach(name: "the window opens at this second, which is not open yet", window: 4, end: nil),
        Reach(name: "the window is open", window: 5, end: 48),
        Reach(name: "measured from the old end", window: 5, longest: 24, end: 28),
        Reach(name: "never beyond the moment", window: 5, longest: 24, until: 20, end: 20),
        Reach(name: "until the next holder", free: 10, end: 10),
        Reach(name: "a step that is too short", free: 10, minStep: 7, end: nil),
        Reach(name: "the last step may be short", longest: 24, until: 5, minStep: 12, end: 5),
        Reach(name: "the lease cannot be longer at all", free: 4, end: nil),
        Reach(name: "half as far after a refusal", failures: 1, end: 26),
        Reach(name: "a quarter as far after two", failures: 2, end: 15),
        Reach(name: "no less than the shortest step", minStep: 10, failures: 20, end: 14),
        Reach(name: "no more than what is left", until: 5, minStep: 10, failures: 20, end: 5),
    ]

    @Test("The lease is extended as far as the rules allow", arguments: reaches.map(\.name))
    func reach(name: String) throws {
        let reach = try #require(Self.reaches.first { $0.name == name })
        let rule = Self.rule(until: reach.until, minStep: reach.minStep) { $0.failures = reach.failures }
        let verdict = Self.verdict(window: reach.window, longest: reach.longest, free: reach.free)
        let step = Self.step(rule, by: verdict)
        #expect(step.newEnd == reach.end.map { .at($0 * Self.hour) })
        #expect(step.rule.ending == nil)
        #expect(Self.step(rule, mayExtend: false, by: verdict).newEnd == nil, "not while nothing may be queued")
    }

    @Test("What is in the way is said, and when the window opens")
    func obstacles() {
        let closed = Self.step(by: Self.verdict(window: 3))
        #expect(closed.rule.opensAt == .at(Self.hour))
        #expect(closed.rule.message == nil)
        let taken = Self.step(Self.rule(minStep: 7), by: Self.verdict(free: 10))
        #expect(taken.rule.message?.contains("node-1 is reserved from") == true)
        let early = Self.step(on: Self.lease(start: 1))
        #expect(early.newEnd == nil, "a lease that has not started")
        #expect(early.rule.opensAt == .at(Self.hour))
    }

    // MARK: - One write at a time

    @Test(
        "Nothing is queued while a write of the lease is unfinished",
        arguments: MutationState.allCases.filter { !$0.isFinal })
    func oneAtATime(state: MutationState) {
        for verb in [Mutation.Verb.extend, .update, .delete] {
            let step = Self.step(writes: [.change(7, verb, state)])
            #expect(step.newEnd == nil && step.rule == Self.rule(), "\(verb)")
        }
    }

    @Test("After a refusal there is a pause, which grows and leaves room for several tries")
    func refusals() throws {
        var rule = Self.rule { $0.mutationID = 7 }
        let refused = Mutation.change(7, .extend, .rejected).with { $0.message = "Not enough hosts" }
        let first = Self.step(rule, last: refused)
        #expect(first.newEnd == nil)
        #expect(first.rule.failures == 1)
        #expect(first.rule.mutationID == nil)
        #expect(first.rule.message == "Not enough hosts")
        #expect(first.rule.retryAt == .at(60))
        rule = first.rule
        rule.retryAt = .at(1)
        #expect(Self.step(rule).newEnd == nil, "still in the pause")
        rule.retryAt = .noon
        #expect(Self.step(rule).newEnd == .at(26 * Self.hour))
        rule.retryAt = .at(2 * Self.hour)
        #expect(Self.step(rule).newEnd != nil, "a pause that a wrong clock set")
        #expect((1...12).map { KeepPlanner.pauseSeconds(failures: $0, left: 1_000_000) }.max() == 3_600)
        #expect(KeepPlanner.pauseSeconds(failures: 9, left: 80) == 10)
        #expect(KeepPlanner.pauseSeconds(failures: 9, left: 0) == 5)
        #expect(KeepPlanner.pauseSeconds(failures: 0, left: .max) == 60)
    }

    @Test("A success ends the pauses")
    func success() {
        let rule = Self.rule {
            $0.mutationID = 7
            $0.failures = 3
            $0.message = "refused"
        }
        let settled = Self.step(
            rule, on: Self.lease(end: 5), last: .change(7, .extend, .settled), by: Self.verdict(window: 1))
        #expect(settled.rule.failures == 0 && settled.rule.message == nil && settled.rule.mutationID == nil)
        #expect(settled.rule.opensAt == .at(4 * Self.hour))
        let accepted = Self.step(
            rule, writes: [.change(7, .extend, .accepted)], last: .change(7, .extend, .accepted))
        #expect(accepted.newEnd == nil, "the list is yet to show it")
        #expect(accepted.rule.mutationID == 7)
    }

    @Test("An extension of its own that met a change of somebody else's is withdrawn; nobody need decide")
    func conflict() {
        let rule = Self.rule { $0.mutationID = 7 }
        let blocked = Mutation.change(7, .extend, .blocked).with { $0.reason = "conflict" }
        let step = Self.step(rule, writes: [blocked], last: blocked)
        #expect(step.withdrawn == blocked)
        #expect(step.rule.mutationID == nil && step.newEnd == nil && step.rule.failures == 0)
        let parked = Self.step(rule, writes: [], last: .change(7, .extend, .parked))
        #expect(parked.withdrawn != nil && parked.rule.failures == 1)
        let login = Mutation.change(7, .extend, .blocked).with { $0.reason = "auth" }
        #expect(Self.step(rule, writes: [login], last: login).rule == rule, "it waits for a login")
    }

    @Test("An extension that a person has edited waits for that person", arguments: [MutationState.blocked, .parked])
    func edited(state: MutationState) {
        let rule = Self.rule(until: 8) { $0.mutationID = 7 }
        for body in [["end_date": "2027-01-15 17:00"], ["end_date": "2027-01-15 10:00", "name": "x"]] as [JSONObject] {
            let edited = Mutation.change(7, .extend, state, body: body).with { $0.reason = "conflict" }
            let step = Self.step(rule, writes: [edited], last: edited)
            #expect(step.withdrawn == nil && step.rule == rule)
        }
    }

    // MARK: - The end

    @Test("The rule ends by itself, and says why")
    func endings() {
        func ending(_ lease: MirroredLease?, of rule: KeepRule = Self.rule(), last: Mutation? = nil) -> KeepRule {
            Self.step(rule, on: lease, last: last).rule
        }
        func removal(after: Int64, _ reason: Removal.Reason = .deleted) -> Removal {
            Removal(reason: reason, after: .at(after * Self.hour), before: .at(after * Self.hour + 60))
        }
        #expect(ending(Self.lease(end: 48)).ending == .reached)
        #expect(ending(Self.lease(end: 49)).ending == .reached)
        #expect(ending(Self.lease(end: 4)).ending == nil)
        #expect(ending(Self.lease(removal: removal(after: -1))).ending == .gone)
        #expect(
            ending(Self.lease(removal: removal(after: -1, .outOfScope))).message?.contains("no longer sees") == true)
        #expect(ending(Self.lease(start: -9, end: 0)).ending == .missed)
        #expect(ending(Self.lease(end: 4, status: .terminated)).ending == .missed)
        #expect(
            ending(Self.lease(start: -9, end: -1, status: .terminated, removal: removal(after: 0))).ending == .missed)
        let cancelled = ending(
            Self.lease(), of: Self.rule { $0.mutationID = 7 }, last: .change(7, .extend, .cancelled))
        #expect(cancelled.ending == .stopped && cancelled.message?.contains("write 7") == true)
        #expect(cancelled.endedAt == .noon)
        let told = ending(
            Self.lease(start: -9, end: 0), of: Self.rule { $0.mutationID = 7 },
            last: Mutation.change(7, .extend, .rejected).with { $0.message = "Not enough hosts" })
        #expect(told.ending == .missed && told.message == "Not enough hosts")
        #expect(Self.step(told, on: Self.lease(end: 48)).rule == told, "an ended rule stays as it is")
    }

    @Test("A lease that is only queued is waited for; if it is never created, the rule ends")
    func drafts() {
        for (state, ending) in [
            (MutationState.queued, nil), (.unknown, nil), (.rejected, nil), (.blocked, nil),
            (.cancelled, KeepRule.Ending.gone), (.expired, .gone),
        ] {
            let step = KeepPlanner(now: .noon).step(
                Self.rule(), .init(lease: nil, creation: .creation(1, state)), mayExtend: true, verdict: Self.verdict())
            #expect(step.rule.ending == ending, "\(state)")
            #expect(step.newEnd == nil)
        }
    }
}
