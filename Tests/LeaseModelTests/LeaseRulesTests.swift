import LeaseModel
import Testing

@Suite("The rules of a site that apply to a lease")
struct LeaseRulesTests {
    private static let now = Timestamp(secondsSince1970: 1_800_000_000)
    private static let day: Int64 = 86_400

    private static func reservation(_ type: ResourceType = .host, _ kind: String = "compute") -> Reservation {
        let properties = #"["==", "$\#(type == .device ? "machine_name" : "node_type")", "\#(kind)"]"#
        let text = type == .flavor ? #"{"name": "\#(kind)"}"# : properties
        return Reservation(
            id: "r-\(kind)", resourceType: type, status: .active,
            fields: ["min": 1, "max": 1, "amount": 1, "resource_properties": .string(text)])
    }

    private static func lease(
        _ reservations: [Reservation] = [reservation()], project: String = "p1", user: String = "u1",
        startedDays: Int64 = 5, endsInDays: Int64 = 2
    ) -> BlazarLease {
        BlazarLease(
            id: "a", name: "a", userID: user, projectID: project, startsAt: now.adding(seconds: -startedDays * day),
            endsAt: now.adding(seconds: endsInDays * day), status: startedDays > 0 ? .active : .pending,
            reservations: reservations)
    }

    private func rules(_ policy: SitePolicy, _ lease: BlazarLease = Self.lease()) -> LeaseRules {
        let mirrored = MirroredLease(
            lease: lease, scopeID: 1, site: "s", projectName: "CHI-\(lease.projectID)", userName: "ada", isMine: true,
            firstSeenAt: Self.now, observedAt: Self.now, lastSeenAt: Self.now, removal: nil)
        return policy.rules(for: LeaseSubject(mirrored))
    }

    private func verdict(
        _ policy: SitePolicy, _ lease: BlazarLease = Self.lease(), byDays days: Double
    ) -> ExtensionVerdict {
        let held = lease.reservations.map { HeldReservation($0) }
        return ExtensionCheck(
            lease: lease, rules: rules(policy, lease), rooms: [], policy: policy, held: held, now: Self.now
        ).verdict(lease.endsAt.adding(seconds: Int64(days * Double(Self.day))))
    }

    @Test("measure an extension from the old end, with a second of grace")
    func measure() {
        var policy = SitePolicy(maxDurationSeconds: 7 * Self.day)
        #expect(verdict(policy, byDays: 7).answer == .yes)
        #expect(verdict(policy, byDays: 7.001).obstacles.map(\.code) == ["longest"])
        #expect(verdict(policy, byDays: 1).allowedUntil == Self.now.adding(seconds: 9 * Self.day))
        // The lease ran for 5 of its 7 days, so by the other measure nothing is left.
        policy.extensionMeasure = .start
        #expect(verdict(policy, byDays: 1).obstacles.map(\.code) == ["longest"])
        #expect(verdict(policy, Self.lease(startedDays: 4, endsInDays: 2), byDays: 1).answer == .yes)
        let rules = LeaseRules(maxDurationSeconds: 59)
        #expect(rules.latestEnd(start: Self.now, extending: nil) == Self.now.adding(seconds: 60))
    }

    @Test("open the window by hours or by a share of the longest lease, whichever is earlier")
    func window() {
        var policy = SitePolicy(maxDurationSeconds: 7 * Self.day, extensionWindowSeconds: 48 * 3_600)
        // It ends in exactly two days: the window opens a second later.
        #expect(
            verdict(policy, byDays: 1).obstacles == [
                .windowClosed(opensAt: Self.now, windowSeconds: 48 * 3_600)
            ])
        policy.extensionWindowSeconds = 48 * 3_600 + 1
        #expect(verdict(policy, byDays: 1).answer == .yes)
        policy.extensionWindowSeconds = 3_600
        #expect(verdict(policy, byDays: 1).answer == .no)
        policy.extensionWindowShare = WindowShare(2, 6)
        #expect(rules(policy).extensionWindowSeconds == 7 * Self.day / 3)
        #expect(verdict(policy, byDays: 1).answer == .yes)
        policy.extensionWindowShare = WindowShare(1, 100)
        #expect(rules(policy).extensionWindowSeconds == 6_048)
        // A share of nothing known opens nothing by itself.
        policy.maxDurationSeconds = nil
        #expect(rules(policy).extensionWindowSeconds == 3_600)
    }

    @Test("do not restrict a lease that has not started, nor one that becomes shorter")
    func free() {
        let policy = SitePolicy(maxDurationSeconds: 7 * Self.day, extensionWindowSeconds: 3_600)
        let waiting = Self.lease(startedDays: -3, endsInDays: 9)
        #expect(verdict(policy, waiting, byDays: 2).answer == .yes)
        #expect(verdict(policy, waiting, byDays: 2).opensAt == nil)
        #expect(verdict(policy, byDays: -1).answer == .yes)
        #expect(verdict(policy, byDays: 0).answer == .yes)
    }

    @Test("give a user precedence over a project, that over a kind, and take the strictest reservation")
    func limits() {
        let policy = SitePolicy(
            maxDurationSeconds: 7 * Self.day,
            limits: [
                LeaseLimit(resourceType: .host, kind: "gpu", maxDurationSeconds: 3 * Self.day),
                LeaseLimit(resourceType: .flavor, kind: "m1.tiny", maxDurationSeconds: 180 * Self.day),
                LeaseLimit(resourceType: .floatingIP, maxDurationSeconds: 30 * Self.day),
                LeaseLimit(project: "CHI-p2", maxDurationSeconds: 14 * Self.day),
                LeaseLimit(user: "u9", maxDurationSeconds: LeaseLimit.unlimited),
                LeaseLimit(resourceType: .host, kind: "gpu", project: "p2", maxDurationSeconds: 20 * Self.day),
            ])
        func days(_ reservations: [Reservation], project: String = "p1", user: String = "u1") -> Int64? {
            rules(policy, Self.lease(reservations, project: project, user: user)).maxDurationSeconds.map {
                $0 / Self.day
            }
        }
        #expect(days([Self.reservation()]) == 7)
        #expect(days([Self.reservation(.host, "gpu")]) == 3)
        #expect(days([Self.reservation(.flavor, "m1.tiny")]) == 180)
        #expect(days([Self.reservation(.flavor, "m1.tiny"), Self.reservation(.host, "gpu")]) == 3)
        #expect(days([Self.reservation(.floatingIP, "x")]) == 30)
        #expect(days([]) == 7)
        #expect(days([Self.reservation()], project: "p2") == 14)
        #expect(days([Self.reservation(.host, "gpu")], project: "p2") == 20)
        #expect(days([Self.reservation(.host, "gpu")], project: "p2", user: "u9") == nil)
    }

    @Test("keep a lease within the project's allocation and what is left to pay with")
    func allocation() throws {
        let policy = SitePolicy(
            allocations: [
                ProjectAllocation(
                    project: "CHI-p1", endsAt: Self.now.adding(seconds: 4 * Self.day), serviceUnitsLeft: 40,
                    asOf: Self.now),
                ProjectAllocation(project: "CHI-p1", user: "ada", serviceUnitsLeft: 30),
                ProjectAllocation(project: "CHI-p1", user: "somebody", serviceUnitsLeft: 0),
                ProjectAllocation(project: "p2", serviceUnitsLeft: 0),
            ],
            rates: [
                ServiceUnitRate(kind: nil, serviceUnitsPerHour: 1),
                ServiceUnitRate(resourceType: .floatingIP, kind: nil, serviceUnitsPerHour: 0),
            ])
        let lease = Self.lease([Self.reservation(), Self.reservation(.floatingIP, "x")])
        let day = verdict(policy, lease, byDays: 1)
        #expect(day.answer == .yes)
        #expect(day.cost == 24)
        #expect(day.furthestEnd == lease.endsAt.adding(seconds: 30 * 3_600))
        let dear = verdict(policy, lease, byDays: 1.5)
        #expect(dear.cost == 36)
        #expect(dear.obstacles.map(\.code) == ["balance"])
        #expect(dear.obstacles[0].message() == "It costs 36 SU; ada had 30 left.")
        #expect(verdict(policy, lease, byDays: 2.5).obstacles.map(\.code) == ["allocation", "balance", "balance"])
    }

    @Test(
        "parse shares of the longest lease",
        arguments: [
            ("2/7", "2/7"), ("0.25", "250000/1000000"), ("25%", "250000/1000000"), ("1", "1000000/1000000"),
            ("0", nil), ("8/7", nil), ("1/0", nil), ("-1/7", nil), ("120%", nil), ("x", nil), ("1/2/3", nil),
            ("nan", nil),
        ])
    func shares(text: String, expected: String?) {
        #expect(WindowShare(parsing: text)?.description == expected)
    }
}
