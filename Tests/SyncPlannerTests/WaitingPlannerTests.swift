import LeaseModel
import Testing

@testable import SyncPlanner

@Suite("When a creation that waits for room is sent, and for what")
struct WaitingPlannerTests {
    private static let hour: Int64 = 3_600
    private static let elsewhere = QueueAddress(siteID: 2, projectID: "q")
    private static let other: JSONObject = ["resource_type": "physical:host", "min": 1, "max": 1, "note": "other"]

    /// A creation of a lease of two hours, requested at noon.
    private static func creation(
        _ state: MutationState = .waiting, earliest: Int64? = nil, latest: Int64? = nil, ahead: Int64? = nil,
        _ change: (inout Mutation) -> Void = { _ in }
    ) -> Mutation {
        let draft = LeaseDraft.sample(start: .at(.at(0)), end: .at(2 * hour))
        var creation = Mutation.creation(1, state, draft: draft)
        creation.notAfter = latest.map { .at($0 * hour) }
        creation.waiting = WaitingTerms(
            earliest: earliest.map { .at($0 * hour) }, aheadSeconds: ahead.map { $0 * hour },
            choices: [
                .init(address: Mutation.sampleAddress, scopeID: 1, reservations: draft.reservations),
                .init(address: Mutation.sampleAddress, scopeID: 1, reservations: [other]),
                .init(address: elsewhere, scopeID: 2, reservations: draft.reservations),
            ])
        change(&creation)
        return creation
    }

    /// What becomes of a creation if there is room for its choices as given.
    private static func next(
        _ creation: Mutation, at hours: Int64 = 0, _ rooms: WaitingTerms.Room...
    ) -> Mutation {
        var looks = rooms
        return WaitingPlanner(now: .at(hours * hour)).next(
            creation, makeToken: { "new" }, room: { _, _ in looks.isEmpty ? .none : looks.removeFirst() })
    }

    private static func start(_ creation: Mutation) -> Int64? {
        creation.body["start_date"]?.stringValue.flatMap(Timestamp.init(parsing:))
            .map { $0.seconds(since: .at(0)) / hour }
    }

    // MARK: - Which slot

    @Test("The earliest slot wins, over all choices; of equal ones the first choice")
    func earliest() {
        let sent = Self.next(Self.creation(), .from(.at(5 * Self.hour)), .from(.at(3 * Self.hour)), .none)
        #expect(sent.state == .queued)
        #expect(Self.start(sent) == 3)
        #expect(sent.body["reservations"] == .array([.object(Self.other)]))
        #expect(sent.waiting?.current == 1)
        #expect(sent.waiting?.roomAt == .at(3 * Self.hour))
        #expect(sent.token == Mutation.sampleToken, "the same site: a lease with the token is still this one's")
        let draft = try? LeaseDraft(body: sent.body)
        #expect(draft?.endsAt == .at(5 * Self.hour), "two hours, as requested")
        #expect(Self.next(Self.creation(), .from(.at(0)), .from(.at(0))).waiting?.current == 0)
        #expect(Self.next(Self.creation(), .unknown, .from(.at(0))).waiting?.current == 1, "what is known first")
        #expect(Self.next(Self.creation(), .unknown, .from(.at(Self.hour))).waiting?.current == 0, "asks the site")
    }

    @Test("Another site gets the creation with another token, and its own project")
    func otherSite() {
        let sent = Self.next(Self.creation(), .none, .none, .from(.at(0)))
        #expect(sent.address == Self.elsewhere && sent.scopeID == 2)
        #expect(sent.token == "new")
        #expect(sent.id == 1 && sent.localID == "local-1", "it is the same write")
        let back = Self.next(sent, at: 1, .from(.at(Self.hour)), .none, .unseen)
        #expect(back.address == Mutation.sampleAddress, "nothing was sent there: it may come back")
        let stays = Self.next(sent, at: 1, .none, .none, .unseen)
        #expect(stays == sent, "the site was not read: its own sync decides")
    }

    @Test(
        "What may exist somewhere is never asked for elsewhere",
        arguments: [MutationState.sending, .unknown, .accepted, .settled, .parked, .rejected, .cancelled, .expired])
    func bound(state: MutationState) {
        let creation = Self.creation(state)
        #expect(Self.next(creation, .none, .none, .from(.at(0))) == creation)
        let doubtful = Self.creation(.queued) { $0.unconfirmed = UnconfirmedAttempt(run: 1) }
        #expect(Self.next(doubtful, .none, .none, .from(.at(0))) == doubtful)
    }

    @Test("It starts between the earliest and the latest start")
    func limits() {
        #expect(Self.next(Self.creation(latest: 3), .from(.at(4 * Self.hour))).state == .waiting)
        #expect(Self.next(Self.creation(latest: 4), .from(.at(4 * Self.hour))).state == .queued)
        #expect(Self.next(Self.creation(earliest: 5), .from(.at(4 * Self.hour))).state == .waiting)
        #expect(Self.start(Self.next(Self.creation(earliest: 5), .unknown)) == 5)
        let late = Self.next(Self.creation(latest: 3), at: 4, .from(.at(4 * Self.hour)))
        #expect(late.state == .expired && late.reason == "late")
        #expect(late.message?.contains("no room") == true)
        #expect(Self.next(Self.creation(.queued, latest: 3), at: 4).state == .expired)
        #expect(Self.next(Self.creation(earliest: 5, latest: 4)).state == .expired)
    }

    @Test("With a limit on how far ahead it is created, it waits until its slot is near")
    func ahead() {
        let waits = Self.next(Self.creation(ahead: 1), .from(.at(5 * Self.hour)))
        #expect(waits.state == .waiting)
        #expect(waits.waiting?.roomAt == .at(5 * Self.hour), "which is told")
        #expect(Self.start(waits) == 5)
        #expect(Self.next(waits, at: 3, .from(.at(5 * Self.hour))).state == .waiting)
        #expect(Self.next(waits, at: 4, .from(.at(5 * Self.hour))).state == .queued)
        #expect(Self.next(waits, at: 3, .from(.at(3 * Self.hour))).state == .queued, "a deletion made room")
        #expect(Self.next(waits, at: 3).waiting?.roomAt == nil, "somebody took it")
    }

    @Test("A queued one whose room is gone waits again; one that nothing changes for stays as it is")
    func again() {
        let sent = Self.next(Self.creation(), .from(.at(Self.hour)))
        #expect(Self.next(sent, .from(.at(Self.hour))) == sent)
        let waits = Self.next(sent, .none)
        #expect(waits.state == .waiting && waits.waiting?.roomAt == nil)
        #expect(Self.next(waits, at: 1, .none) == waits, "nothing to write")
    }

    @Test("A change of the creation counts: its length, and what it reserves")
    func changes() {
        let longer = Self.creation { creation in
            creation.body["end_date"] = .string(Timestamp.at(6 * Self.hour).blazarRequest)
            creation.body["reservations"] = .array([.object(Self.other), .object(Self.other)])
        }
        let sent = Self.next(longer, .from(.at(Self.hour)))
        #expect((try? LeaseDraft(body: sent.body))?.endsAt == .at(7 * Self.hour))
        #expect(sent.waiting?.choices[0].reservations.count == 2)
        var period: WaitingTerms.Period?
        _ = WaitingPlanner(now: .at(90)).next(
            longer, makeToken: { "" },
            room: { _, wanted in
                period = wanted
                return .none
            })
        #expect(period?.seconds == 6 * Self.hour)
        #expect(period?.from == Timestamp.at(90).truncatedToMinute)
    }

    // MARK: - Refusals

    @Test("A refusal for lack of room puts it back, with growing pauses, and only that choice pauses")
    func refusals() throws {
        var generator = FixedGenerator()
        let rules = QueueRules(quietPeriodSeconds: 60)
        var creation = Self.creation(.sending) { $0.unconfirmed = UnconfirmedAttempt(run: 1) }
        var pauses: [Int64] = []
        for _ in 0..<12 {
            creation = rules.mutation(
                creation,
                after: .rejected(reason: "capacity", message: "Not enough hosts available", requestID: "req"),
                now: .noon, using: &generator)
            #expect(creation.state == .waiting && creation.unconfirmed == nil && creation.failures == 0)
            pauses.append(try #require(creation.waiting?.choices[0].retryAt).seconds(since: .noon))
        }
        #expect(pauses == pauses.sorted() && pauses.first == 2, "\(pauses)")
        #expect(pauses.last == WaitingPlanner.longestPauseSeconds)
        #expect(creation.waiting?.choices.map(\.refusals) == [12, 0, 0])
        func next(after seconds: Int64) -> Mutation {
            WaitingPlanner(now: .at(seconds)).next(
                creation, makeToken: { "new" },
                room: { choice, period in choice.refusals > 0 ? .from(period.from) : .none })
        }
        #expect(next(after: 599).state == .waiting)
        #expect(next(after: 600).state == .queued)
        #expect(Self.next(creation, .from(.at(0))).waiting?.current == 1, "the other choice need not pause")
        var wrong = creation
        wrong.waiting?.choices[0].retryAt = .at(400 * 86_400)
        #expect(Self.next(wrong, .from(.at(0))).waiting?.current == 0, "a wrong clock set that pause")
    }

    @Test("Any other refusal, and one of a creation that does not wait, is a refusal")
    func otherRefusals() {
        var generator = FixedGenerator()
        let rules = QueueRules(quietPeriodSeconds: 60)
        for reason in ["policy", "budget", "invalid", "auth"] {
            let refused = rules.mutation(
                Self.creation(.sending), after: .rejected(reason: reason, message: "No", requestID: nil), now: .noon,
                using: &generator)
            #expect(refused.state == .rejected && refused.reason == reason)
        }
        let plain = rules.mutation(
            .creation(1, .sending), after: .rejected(reason: "capacity", message: "No", requestID: nil), now: .noon,
            using: &generator)
        #expect(plain.state == .rejected)
    }

    @Test("Limits that a wrong clock set count from now")
    func clocks() {
        let ahead = Self.creation(earliest: 400 * 24, latest: 400 * 24 + 3)
        var creation = Mutation(
            id: 1, scopeID: 1, address: Mutation.sampleAddress, verb: .create, localID: "local-1", leaseID: nil,
            leaseName: "lease", state: .waiting, body: ahead.body, token: Mutation.sampleToken,
            notAfter: ahead.notAfter, createdAt: .at(400 * 24 * Self.hour))
        creation.waiting = ahead.waiting
        let sent = Self.next(creation, .from(.at(0)))
        #expect(sent.state == .queued)
        #expect(sent.notAfter == .at(3 * Self.hour))
        #expect(sent.waiting?.earliest == .at(0))
    }
}

/// Always the same number: the longest pause.
private struct FixedGenerator: RandomNumberGenerator {
    mutating func next() -> UInt64 { .max }
}
