import LeaseModel
import SyncPlanner
import Testing

@Suite struct ReminderPlannerTests {
    private static let hour: Int64 = 3_600
    private static let day: Int64 = 86_400
    private static let start = Timestamp(secondsSince1970: 1_800_000_000)
    private static let end = start.adding(seconds: 7 * day)

    private func lease(
        _ status: LeaseStatus = .active, end: Timestamp = end, removal: Removal? = nil, window: Int64? = nil,
        degraded: Bool? = nil, missing: Bool? = nil, changed: Bool? = nil
    ) -> ReminderPlanner.Lease {
        let reservation = Reservation(
            id: "r-1", resourceType: .host, status: .active, isMissingResources: missing, areResourcesChanged: changed)
        let lease = BlazarLease(
            id: "l-1", name: "train", userID: "u", projectID: "p", startsAt: Self.start, endsAt: end, status: status,
            isDegraded: degraded, reservations: [reservation])
        let mirrored = MirroredLease(
            lease: lease, scopeID: 1, site: "uc", projectName: nil, userName: nil, isMine: true,
            firstSeenAt: Self.start, observedAt: Self.start, lastSeenAt: Self.start, removal: removal)
        return ReminderPlanner.Lease(mirrored, rules: LeaseRules(extensionWindowSeconds: window))
    }

    private func plan(
        _ leases: [ReminderPlanner.Lease], _ rules: ReminderRules, at now: Timestamp, writes: [Mutation] = [],
        kept: [KeepRule] = [], failures: [ReminderPlanner.Failure] = [], recorded: [ReminderPlanner.Recorded] = [],
        last: Timestamp? = nil
    ) -> ReminderPlan {
        ReminderPlanner(rules: rules, now: now, lastLook: last)
            .plan(leases: leases, writes: writes, kept: kept, failures: failures, recorded: recorded)
    }

    private func recorded(
        _ reminder: Reminder, id: Int64 = 1, over: Bool = false, waiting: Bool = false, withdrawn: Bool = false
    ) -> ReminderPlanner.Recorded {
        ReminderPlanner.Recorded(id: id, key: reminder.key, isOver: over, isWaiting: waiting, isWithdrawn: withdrawn)
    }

    private static let ends = ReminderRules(endLeads: [day, hour])

    @Test(
        "Of the times before an end, the nearest that has passed is told",
        arguments: [
            (-2 * day, []), (-day - 1, []), (-day, [day]), (-hour - 1, [day]), (-hour, [hour]), (0, [hour]),
            (day - 1, [hour]), (day, []),
        ] as [(Int64, [Int64])])
    func leads(sinceEnd: Int64, leads: [Int64]) {
        let plan = plan([lease()], Self.ends, at: Self.end.adding(seconds: sinceEnd))
        #expect(plan.due.map(\.leadSeconds) == leads)
        #expect(plan.due.allSatisfy { $0.kind == .end && $0.deadline == Self.end })
        #expect(plan.missed.isEmpty)
    }

    @Test("The next wake is when the next reminder comes due")
    func wake() {
        #expect(plan([lease()], Self.ends, at: Self.start).nextAt == Self.end.adding(seconds: -Self.day))
        #expect(
            plan([lease()], Self.ends, at: Self.end.adding(seconds: -Self.day)).nextAt
                == Self.end.adding(seconds: -Self.hour))
        #expect(plan([lease()], Self.ends, at: Self.end).nextAt == nil)
    }

    @Test("What was told is not told again, whatever else changes about the lease")
    func once() throws {
        let now = Self.end.adding(seconds: -Self.hour)
        let told = try #require(plan([lease()], Self.ends, at: now).due.first)
        #expect(plan([lease(degraded: true)], Self.ends, at: now, recorded: [recorded(told)]).isEmpty)
    }

    @Test("An end that moves makes a new reminder, and takes back one that was not sent")
    func moved() throws {
        let now = Self.end.adding(seconds: -Self.hour)
        let told = try #require(plan([lease()], Self.ends, at: now).due.first)
        let later = Self.end.adding(seconds: Self.day)
        let sent = plan([lease(end: later)], Self.ends, at: now, recorded: [recorded(told)])
        #expect(sent.isEmpty)
        #expect(sent.upcoming.map(\.deadline) == [later, later])
        #expect(
            plan([lease(end: later)], Self.ends, at: now, recorded: [recorded(told, waiting: true)]).withdrawn == [1])
        // It moves back: what was taken back holds again.
        let back = plan([lease()], Self.ends, at: now, recorded: [recorded(told, withdrawn: true)])
        #expect(back.due == [told])
    }

    @Test("A deleted lease, and one that ended early, need no reminder")
    func gone() throws {
        let now = Self.end.adding(seconds: -Self.hour)
        let told = try #require(plan([lease()], Self.ends, at: now).due.first)
        let removal = Removal(reason: .deleted, after: Self.start, before: now)
        for lease in [lease(removal: removal), lease(.terminated), lease(.error)] {
            let plan = plan([lease], Self.ends, at: now, recorded: [recorded(told, waiting: true)])
            #expect(plan.due.isEmpty)
            #expect(plan.withdrawn == [1])
        }
    }

    @Test("A lease that is shorter than the time before its end needs no such reminder")
    func short() {
        let short = lease(end: Self.start.adding(seconds: 2 * Self.hour))
        #expect(plan([short], Self.ends, at: Self.start).due.isEmpty)
        #expect(plan([short], Self.ends, at: Self.start).upcoming.map(\.leadSeconds) == [Self.hour])
    }

    @Test("After a long sleep, what is over for a day is counted, and nothing before the last look")
    func asleep() {
        let now = Self.end.adding(seconds: 3 * Self.day)
        let asleep = plan([lease(.terminated)], Self.ends, at: now, last: Self.end.adding(seconds: -2 * Self.day))
        #expect(asleep.due.isEmpty)
        #expect(asleep.missed.map(\.leadSeconds) == [Self.hour])
        #expect(plan([lease(.terminated)], Self.ends, at: now, last: Self.end).isEmpty)
        #expect(plan([lease(.terminated)], Self.ends, at: now).isEmpty)
    }

    @Test("The window of an extension is told while the lease runs, unless it is always open")
    func window() throws {
        let rules = ReminderRules(windowLeads: [0])
        let opens = Self.end.adding(seconds: -2 * Self.day)
        let lease = lease(window: 2 * Self.day)
        #expect(plan([lease], rules, at: opens.adding(seconds: -1)).due.isEmpty)
        #expect(plan([lease], rules, at: opens).due.map(\.deadline) == [opens])
        #expect(plan([lease], rules, at: Self.end.adding(seconds: -1)).due.count == 1)
        #expect(plan([lease], rules, at: Self.end).due.isEmpty)
        #expect(plan([self.lease(window: 8 * Self.day)], rules, at: opens).isEmpty)
    }

    @Test("A condition is told once, and again if it went away in between")
    func conditions() throws {
        let rules = ReminderRules(tellsErrors: true, tellsDegraded: true)
        let now = Self.start.adding(seconds: Self.hour)
        let told = try #require(plan([lease(.error)], rules, at: now).due.first)
        #expect(told.kind == .error)
        let later = now.adding(seconds: Self.hour)
        #expect(plan([lease(.error)], rules, at: later, recorded: [recorded(told)]).isEmpty)
        #expect(plan([lease()], rules, at: later, recorded: [recorded(told)]).over == [1])
        #expect(plan([lease(.error)], rules, at: later, recorded: [recorded(told, over: true)]).due.count == 1)
        #expect(plan([lease(degraded: true)], rules, at: now).due.map(\.detail) == ["it is degraded"])
        let parts = plan([lease(degraded: true, missing: true, changed: true)], rules, at: now).due
        #expect(Set(parts.map(\.subject)) == ["uc/l-1/r-1/missing", "uc/l-1/r-1/changed"])
    }

    private func write(_ state: MutationState, updated: Timestamp = end) -> Mutation {
        var write = Mutation(
            id: 7, scopeID: 1, address: QueueAddress(siteID: 1, projectID: "p"), site: "uc", verb: .extend,
            localID: nil, leaseID: "l-1", leaseName: "train", state: state, body: [:], token: nil,
            createdAt: Self.start)
        write.updatedAt = updated
        return write
    }

    @Test("A write that is carried out is told once, also when the list shows it later")
    func writes() throws {
        let rules = ReminderRules(writes: [.done, .refused, .conflict])
        let now = Self.end.adding(seconds: 60)
        let done = try #require(plan([], rules, at: now, writes: [write(.accepted)]).due.first)
        #expect(
            plan([], rules, at: now, writes: [write(.settled, updated: now)], recorded: [recorded(done)]).isEmpty)
        #expect(plan([], rules, at: now, writes: [write(.rejected)]).due.count == 1)
        #expect(plan([], rules, at: now, writes: [write(.blocked)]).due.count == 1)
        #expect(plan([], rules, at: now, writes: [write(.queued), write(.cancelled), write(.unknown)]).isEmpty)
        #expect(plan([], ReminderRules(writes: [.done]), at: now, writes: [write(.rejected)]).isEmpty)
        // What happened long ago is no news when reminders are turned on.
        #expect(plan([], rules, at: now.adding(seconds: Self.day), writes: [write(.settled)]).isEmpty)
    }

    @Test("That a waiting creation has got its room is told once, and not as an ordinary write, too")
    func slots() throws {
        var creation = Mutation.creation(7, .waiting)
        creation.waiting = WaitingTerms(
            earliest: nil, aheadSeconds: nil,
            choices: [.init(address: Mutation.sampleAddress, scopeID: 1, reservations: [])])
        let now = creation.updatedAt.adding(seconds: 60)
        #expect(plan([], .standard, at: now, writes: [creation]).isEmpty)
        creation.state = .accepted
        let told = plan([], .standard, at: now, writes: [creation]).due
        #expect(told.map(\.kind) == [.slot])
        #expect(told.first?.detail?.contains("there was room") == true)
        creation.state = .settled
        creation.updatedAt = now
        let first = try #require(told.first)
        #expect(
            plan([], .standard, at: now, writes: [creation], recorded: [recorded(first)]).isEmpty,
            "the list is no news")
        #expect(plan([], ReminderRules(writes: [.done]), at: now, writes: [creation]).due.map(\.kind) == [.write])
        #expect(plan([], ReminderRules(tellsSlots: true), at: now, writes: [.creation(8, .settled)]).isEmpty)
    }

    @Test("A kept lease that cannot be kept is told once for each obstacle, and when it has ended")
    func kept() throws {
        let rules = ReminderRules(tellsKeeping: true)
        var rule = KeepRule(
            id: 3, address: QueueAddress(siteID: 1, projectID: "p"), scopeID: 1, site: "uc", leaseID: "l-1",
            localID: nil, leaseName: "train", until: Self.end, minStepSeconds: 3_600, createdAt: Self.start)
        #expect(plan([], rules, at: Self.start, kept: [rule]).isEmpty)
        rule.message = "Somebody else has the node."
        let told = try #require(plan([], rules, at: Self.start, kept: [rule]).due.first)
        #expect(told.kind == .keep)
        #expect(plan([], rules, at: Self.end, kept: [rule], recorded: [recorded(told)]).isEmpty)
        #expect(plan([], ReminderRules(), at: Self.end, kept: [rule]).isEmpty)
        rule.end(.missed, at: Self.end, message: "The lease has ended.")
        let ended = plan([], rules, at: Self.end, kept: [rule], recorded: [recorded(told)])
        #expect(ended.over == [1])
        #expect(ended.due.map(\.deadline) == [Self.end])
        #expect(plan([], rules, at: Self.end.adding(seconds: Self.day), kept: [rule]).isEmpty)
    }

    @Test("A cloud that cannot be read is told after a while, once for each time that it begins")
    func failing() throws {
        let rules = ReminderRules(syncFailureSeconds: 6 * Self.hour)
        let failure = ReminderPlanner.Failure(cloud: "uc", since: Self.start, message: "no answer")
        let due = Self.start.adding(seconds: 6 * Self.hour)
        let early = plan([], rules, at: Self.start, failures: [failure])
        #expect(early.isEmpty)
        #expect(early.nextAt == due)
        let told = try #require(plan([], rules, at: due, failures: [failure]).due.first)
        #expect(told.dueAt == due)
        #expect(plan([], rules, at: Self.end, failures: [failure], recorded: [recorded(told)]).isEmpty)
    }
}
