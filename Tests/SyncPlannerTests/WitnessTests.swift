import CaptureFixtures
import LeaseModel
import Testing

@testable import SyncPlanner

@Suite("What several scopes of one site saw of a lease")
struct WitnessTests {
    private func time(_ minute: Int64) -> Timestamp { Timestamp(secondsSince1970: minute * 60) }

    private func lease(_ end: Int64) -> BlazarLease {
        BlazarLease(
            id: "a", name: "a", userID: "u", projectID: "p", startsAt: time(0), endsAt: time(end), status: .active,
            reservations: [], events: [])
    }

    private struct Part {
        let timeline: ObservedTimeline
        let witnesses: [Witness]
    }

    /// A scope's observations: the lease's end and the minutes of its first and last observation; `nil` if the server
    /// refused it.
    private func part(
        _ scope: Int64, _ states: [(end: Int64?, from: Int64, last: Int64)], listings: [Int64]
    ) -> Part {
        let timeline = ObservedTimeline(
            states: states.map { state in
                ObservedTimeline.State(
                    state.end.map { .listed(lease($0)) } ?? .gone(.outOfScope), firstSeen: time(state.from),
                    lastSeen: time(state.last))
            })
        var refusal: Witness.Refusal?
        if let last = states.last, last.end == nil, let before = states.dropLast().last {
            refusal = .init(after: time(before.last), before: time(last.from))
        }
        return Part(
            timeline: timeline,
            witnesses: [
                Witness(
                    scope: scope, since: time(states.first?.from ?? 0), refusal: refusal,
                    listings: listings.map(time))
            ])
    }

    private func merged(_ left: Part, _ right: Part) -> Part {
        let listings = Dictionary((left.witnesses + right.witnesses).map { ($0.scope, $0.listings) }) {
            Set($0).union($1).sorted()
        }
        return Part(
            timeline: left.timeline.merging(
                right.timeline, witnesses: left.witnesses, otherWitnesses: right.witnesses),
            witnesses: Witness.merged(left.witnesses, right.witnesses, listings: listings))
    }

    /// The states as text, for every order in which the parts are merged.
    private func states(_ parts: [Part]) -> Set<[String]> {
        let orders = parts.indices.flatMap { first in
            [parts.indices.filter { $0 != first }, parts.indices.reversed().filter { $0 != first }].map { [first] + $0 }
        }
        return Set(
            orders.map { order in
                let whole = order.dropFirst().reduce(parts[order[0]]) { merged($0, parts[$1]) }
                return whole.timeline.versions(witnesses: whole.witnesses, projectID: "p").map {
                    "\($0.removal?.reason.rawValue ?? "\($0.lease.endsAt.secondsSince1970 / 60)") "
                        + "\($0.observedAt.secondsSince1970 / 60)-\($0.lastSeenAt.secondsSince1970 / 60)"
                }
            })
    }

    @Test("makes one history, in any order")
    func order() {
        let member = part(1, [(100, 0, 4), (200, 20, 20)], listings: [0, 2, 4, 20])
        let other = part(2, [(100, 3, 3), (150, 9, 9), (200, 30, 30)], listings: [3, 9, 30])
        let newcomer = part(3, [(200, 25, 28)], listings: [1, 25, 28])
        #expect(states([member, other, newcomer]) == [["100 0-4", "150 9-9", "200 20-30"]])
    }

    @Test("is out of scope only if no scope may see it")
    func outOfScope() {
        func gone(_ scope: Int64, _ minute: Int64) -> Part {
            part(scope, [(100, 0, minute - 5), (nil, minute, minute)], listings: [0, minute - 5, minute])
        }
        let member = part(3, [(100, 1, 8)], listings: [1, 8])
        #expect(states([gone(1, 10), member]) == [["100 0-8"]])
        #expect(states([gone(1, 10), gone(2, 30)]) == [["100 0-25", "out_of_scope 30-30"]])
    }

    @Test("ends when a list lacked it, unless another scope saw it later")
    func unlisted() {
        let missing = part(1, [(100, 0, 5)], listings: [10, 40])
        func seen(_ minute: Int64) -> Part { part(2, [(100, minute, minute)], listings: [minute]) }
        #expect(states([missing, seen(8)]) == [["100 0-8", "unlisted 10-10"]])
        #expect(states([missing, seen(45)]) == [["100 0-45"]])
    }

    @Test("is refused to a scope until that scope sees it again")
    func seenAgain() {
        let before = part(1, [(100, 0, 5), (nil, 10, 10)], listings: [0, 5, 10])
        let after = part(1, [(100, 20, 20)], listings: [20])
        #expect(states([before, after]) == [["100 0-20"]])
    }

    @Test(
        "is the same whether observed step by step or merged from all observations",
        arguments: 0..<200 as Range<UInt64>)
    func stepByStep(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var minute: Int64 = 0
        var present: LeaseVersion?
        var past: [LeaseVersion] = []
        var parts: [Part] = []
        var sawItGone = false
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            minute += Int64.random(in: 1...5, using: &random)
            let scope = Int64.random(in: 1...2, using: &random)
            let isGone = present != nil && !sawItGone && Int.random(in: 0..<6, using: &random) == 0
            let seen = lease([100, 200, 300].randomElement(using: &random) ?? 100)
            sawItGone = isGone
            let content: ObservedTimeline.State.Content = isGone ? .gone(.deleted) : .listed(seen)
            parts.append(
                Part(
                    timeline: ObservedTimeline(
                        states: [.init(content, firstSeen: time(minute), lastSeen: time(minute))]),
                    witnesses: [Witness(scope: scope, since: time(minute), listings: [time(minute)])]))
            guard let before = present else {
                present = LeaseVersion(
                    lease: seen, observedAt: time(minute), lastSeenAt: time(minute), observedUntil: nil, removal: nil)
                continue
            }
            if !isGone, before.removal == nil, before.lease == seen {
                present = LeaseVersion(
                    lease: seen, observedAt: before.observedAt, lastSeenAt: time(minute), observedUntil: nil,
                    removal: nil)
                continue
            }
            let over = before.ended(at: time(minute))
            past.append(over)
            present = isGone ? over.followed(byGoing: .deleted) : over.followed(by: seen)
        }
        parts.shuffle(using: &random)
        let whole = parts.dropFirst().reduce(parts[0]) { merged($0, $1) }
        let again = parts.reduce(whole) { merged($0, $1) }
        let expected = past + [present].compactMap(\.self)
        #expect(whole.timeline.versions(witnesses: whole.witnesses, projectID: "p") == expected)
        #expect(again.timeline.versions(witnesses: again.witnesses, projectID: "p") == expected)
    }
}
