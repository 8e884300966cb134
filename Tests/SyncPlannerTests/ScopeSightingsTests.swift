import LeaseModel
import Testing

@testable import SyncPlanner

@Suite("What several scopes of one site saw of a lease")
struct ScopeSightingsTests {
    private func time(_ minute: Int64) -> Timestamp { Timestamp(secondsSince1970: minute * 60) }

    private func version(
        _ end: Int64, _ from: Int64, _ last: Int64, until: Int64? = nil, gone: Departure.Reason? = nil, after: Int64 = 0
    ) -> LeaseVersion {
        LeaseVersion(
            lease: BlazarLease(
                id: "a", name: "a", userID: "u", projectID: "p", startsAt: time(0), endsAt: time(end), status: .active,
                reservations: [], events: []),
            observedAt: time(from), lastSeenAt: time(last), observedUntil: until.map(time),
            departure: gone.map { Departure(reason: $0, after: time(after), before: time(from)) })
    }

    /// The states as text, whichever of the scopes comes first.
    private func states(_ scopes: [ScopeSightings]) -> Set<[String]> {
        let orders = scopes.indices.flatMap { first in
            [scopes.indices.filter { $0 != first }, scopes.indices.reversed().filter { $0 != first }].map {
                [first] + $0
            }
        }
        return Set(
            orders.map { order in
                ScopeSightings.history(of: order.map { scopes[$0] }).map {
                    "\($0.departure?.reason.rawValue ?? "\($0.lease.endsAt.secondsSince1970 / 60)") "
                        + "\($0.observedAt.secondsSince1970 / 60)-\($0.lastSeenAt.secondsSince1970 / 60)"
                }
            })
    }

    @Test("is one history, in whatever order they are given")
    func order() {
        let member = ScopeSightings(
            versions: [version(100, 0, 4, until: 20), version(200, 20, 20)], listings: [0, 2, 4, 20].map(time))
        let other = ScopeSightings(
            versions: [version(100, 3, 3, until: 9), version(150, 9, 9, until: 30), version(200, 30, 30)],
            listings: [3, 9, 30].map(time))
        let newcomer = ScopeSightings(versions: [version(200, 25, 28)], listings: [1, 25, 28].map(time))
        #expect(states([member, other, newcomer]) == [["100 0-4", "150 9-9", "200 20-30"]])
    }

    @Test("has in it that one may not see the lease any more only if none may")
    func outOfScope() {
        func gone(_ minute: Int64) -> ScopeSightings {
            ScopeSightings(
                versions: [
                    version(100, 0, minute - 5, until: minute),
                    version(100, minute, minute, gone: .outOfScope, after: minute - 5),
                ], listings: [0, minute - 5, minute].map(time))
        }
        let member = ScopeSightings(versions: [version(100, 1, 8)], listings: [1, 8].map(time))
        #expect(states([gone(10), member]) == [["100 0-8"]])
        #expect(states([gone(10), gone(30)]) == [["100 0-25", "out_of_scope 30-30"]])
    }

    @Test("ends when a list lacked it, unless another saw it since")
    func unlisted() {
        let missing = ScopeSightings(
            versions: [version(100, 0, 5, until: 10), version(100, 10, 10, gone: .unlisted, after: 5)],
            listings: [10, 40].map(time))
        func seen(_ minute: Int64) -> ScopeSightings {
            ScopeSightings(versions: [version(100, minute, minute)], listings: [time(minute)])
        }
        #expect(states([missing, seen(8)]) == [["100 0-8", "unlisted 10-10"]])
        #expect(states([missing, seen(12)]) == [["100 0-12"]])
    }
}
