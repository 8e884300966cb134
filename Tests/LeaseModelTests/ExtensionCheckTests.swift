import CaptureFixtures
import LeaseModel
import Testing

@Suite("The check of an extension")
struct ExtensionCheckTests {
    private static let now = Timestamp(secondsSince1970: 1_800_000_000)
    private static func at(_ minutes: Int) -> Timestamp { now.adding(seconds: Int64(minutes) * 60) }

    private static func lease(from start: Int, to end: Int, _ reservations: [Reservation]) -> BlazarLease {
        BlazarLease(
            id: "own", name: "own", userID: "u", projectID: "p", startsAt: at(start), endsAt: at(end),
            status: start <= 0 ? .active : .pending, reservations: reservations)
    }

    private static func reservation(
        _ id: String = "r1", _ type: ResourceType = .host, minimum: Int = 1, isActive: Bool = true
    ) -> Reservation {
        Reservation(
            id: id, resourceType: type, status: isActive ? .active : .pending,
            fields: ["min": JSONValue(minimum), "max": JSONValue(minimum), "amount": JSONValue(minimum)])
    }

    private static func other(_ resource: String, from start: Int, to end: Int, name: String? = nil) -> Allocation {
        Allocation(
            resourceKind: .host, resourceID: resource, reservationID: "r-\(resource)-\(start)", leaseID: "l-\(start)",
            startsAt: at(start), endsAt: at(end), projectID: name.map { _ in "p2" }, leaseName: name)
    }

    private static func check(
        _ lease: BlazarLease, _ rooms: [ReservationRoom], rules: LeaseRules = LeaseRules()
    ) -> ExtensionCheck {
        ExtensionCheck(lease: lease, rules: rules, rooms: rooms, held: [], now: now)
    }

    private static func candidate(_ id: String, isHeld: Bool = true, _ others: Allocation...)
        -> ReservationRoom.Candidate
    {
        ReservationRoom.Candidate(id: id, name: "node-\(id)", isHeld: isHeld, others: others)
    }

    @Test("says which reservation stands in the way, whose it is, and how far is possible")
    func taken() throws {
        let reservation = Self.reservation(minimum: 2)
        let lease = Self.lease(from: -60, to: 60, [reservation])
        let room = ReservationRoom(
            reservation,
            candidates: [
                Self.candidate(
                    "1", Self.other("1", from: 500, to: 600), Self.other("1", from: 200, to: 300, name: "train")),
                Self.candidate("2", Self.other("2", from: 120, to: 130), Self.other("2", from: -50, to: 0)),
            ], listedAt: Self.at(-3))
        let check = Self.check(lease, [room])
        let near = check.verdict(Self.at(120))
        #expect(near.answer == .yes)
        #expect(near.furthestEnd == Self.at(120))
        #expect(near.freeUntil == Self.at(120))
        #expect(near.nextHolders.map(\.name) == ["node-2", "node-1"])
        #expect(near.knownAt == Self.at(-3))
        let far = check.verdict(Self.at(201))
        #expect(far.answer == .no)
        #expect(far.obstacles.map(\.code) == ["taken", "taken"])
        #expect(
            far.obstacles.map { $0.message() } == [
                "node-2 is reserved from \(Self.at(120)) on, by somebody else's lease.",
                "node-1 is reserved from \(Self.at(200)) on, by the lease \"train\" of project p2.",
            ])
        #expect(far.obstacles.allSatisfy { $0.field == "reservations[r1]" && $0.finding.severity == .warning })
        #expect(check.verdict(nil).newEnd == Self.at(120))
        #expect(check.verdict(nil).answer == .yes)
    }

    @Test("lets a lease that has not started have other resources, but not too few")
    func waiting() {
        let reservation = Self.reservation(minimum: 2, isActive: false)
        let lease = Self.lease(from: 30, to: 60, [reservation])
        let room = ReservationRoom(
            reservation,
            candidates: [
                Self.candidate("1", Self.other("1", from: 90, to: 100)), Self.candidate("2"),
                Self.candidate(
                    "3", isHeld: false, Self.other("3", from: 0, to: 30), Self.other("3", from: 300, to: 310)),
                Self.candidate("4", isHeld: false, Self.other("4", from: 20, to: 40)),
            ], listedAt: nil)
        let check = Self.check(lease, [room])
        #expect(check.verdict(Self.at(300)).answer == .yes)
        #expect(check.verdict(Self.at(300)).furthestEnd == Self.at(300))
        #expect(
            check.verdict(Self.at(301)).obstacles == [
                .tooFewFree(resourceType: .host, reservationID: "r1", needed: 2, free: 1)
            ])
    }

    @Test("does not let addresses that were asked for be exchanged")
    func addresses() {
        var reservation = Self.reservation("f", .floatingIP, isActive: false)
        let candidates = [
            Self.candidate("1", Self.other("1", from: 90, to: 100)), Self.candidate("2", isHeld: false),
        ]
        func answer() -> ExtensionVerdict.Answer {
            Self.check(
                Self.lease(from: 30, to: 60, [reservation]),
                [ReservationRoom(reservation, candidates: candidates, listedAt: nil)]
            ).verdict(Self.at(95)).answer
        }
        #expect(answer() == .yes)
        reservation.fields["required_floatingips"] = ["203.0.113.1"]
        #expect(answer() == .no)
    }

    @Test("says what it cannot know")
    func unknown() {
        let reservations = [Self.reservation("a"), Self.reservation("b", .flavor), Self.reservation("c", .other("x"))]
        let lease = Self.lease(from: -60, to: 60, reservations)
        let rooms = [
            ReservationRoom(reservations[0], unknown: "The site does not tell."),
            ReservationRoom(
                reservations[1], candidates: [Self.candidate("1", Self.other("1", from: 100, to: 110))], listedAt: nil),
        ]
        let verdict = Self.check(lease, rooms).verdict(Self.at(100))
        #expect(verdict.answer == .unknown)
        #expect(verdict.unknowns.count == 2)
        #expect(verdict.unknowns.last?.contains("node-1 is shared") == true)
        // Instances on a host that nobody else will use keep their room.
        #expect(Self.check(lease, [rooms[1]]).verdict(Self.at(99)).answer == .yes)
        #expect(Self.check(lease, []).verdict(nil).newEnd == nil)
    }

    @Test("says what every Blazar refuses, and why not even a minute is possible")
    func refused() {
        let ended = Self.lease(from: -60, to: -10, [])
        #expect(Self.check(ended, []).verdict(Self.at(10)).obstacles.map(\.code) == ["refused"])
        let reservation = Self.reservation()
        let lease = Self.lease(from: -60, to: 60, [reservation])
        let room = ReservationRoom(
            reservation, candidates: [Self.candidate("1", Self.other("1", from: 60, to: 70))], listedAt: nil)
        let verdict = Self.check(lease, [room]).verdict(nil)
        #expect(verdict.newEnd == Self.at(60))
        #expect(verdict.obstacles.map(\.code) == ["taken"])
        let closed = Self.check(lease, [], rules: LeaseRules(extensionWindowSeconds: 1_800)).verdict(nil)
        #expect(closed.obstacles.map(\.code) == ["window"])
    }

    @Test("agrees with trying every minute", arguments: 0..<300)
    func everyMinute(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let hasStarted = Bool.random(using: &random)
        let start = hasStarted ? Int.random(in: -40...0, using: &random) : Int.random(in: 1...20, using: &random)
        let end = max(start, 0) + Int.random(in: 1...20, using: &random)
        let count = Int.random(in: 1...3, using: &random)
        let reservation = Self.reservation(minimum: count, isActive: hasStarted)
        var busy: [[Range<Int>]] = []
        var candidates: [ReservationRoom.Candidate] = []
        for number in 0..<(hasStarted ? count : count + 2) {
            let isHeld = number < count
            var others: [Allocation] = []
            var spans: [Range<Int>] = []
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let from = Int.random(in: -60..<100, using: &random)
                let span = from..<(from + Int.random(in: 1...20, using: &random))
                // Nobody else has what the lease holds while it holds it.
                if isHeld, span.overlaps(start..<end) { continue }
                spans.append(span)
                others.append(Self.other("\(number)", from: span.lowerBound, to: span.upperBound))
            }
            busy.append(spans)
            candidates.append(
                ReservationRoom.Candidate(id: "\(number)", name: "\(number)", isHeld: isHeld, others: others))
        }
        let most = Int.random(in: 0...2, using: &random) > 0 ? Int64.random(in: 1...80, using: &random) * 60 : nil
        let check = Self.check(
            Self.lease(from: start, to: end, [reservation]),
            [ReservationRoom(reservation, candidates: candidates, listedAt: nil)],
            rules: LeaseRules(maxDurationSeconds: most))

        func goes(_ newEnd: Int) -> Bool {
            let window = (hasStarted ? 0 : start)..<newEnd
            let free = busy.count { !$0.contains { $0.overlaps(window) } }
            return free >= count && Int64(newEnd - end) * 60 <= most ?? .max
        }
        var furthest = end
        while furthest < 400, goes(furthest + 1) { furthest += 1 }
        #expect(check.verdict(nil).furthestEnd == (furthest == 400 ? nil : Self.at(furthest)))
        for newEnd in (end + 1)..<(end + 120) {
            #expect((check.verdict(Self.at(newEnd)).answer == .yes) == goes(newEnd), "\(newEnd)")
        }
    }
}
