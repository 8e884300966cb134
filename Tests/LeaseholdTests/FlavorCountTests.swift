import BlazarModel
import CloudFixtures
import LeaseModel
import Leasehold
import Testing

@Suite("Instances of a flavor that the site counts")
struct FlavorCountTests {
    private static let wish = ResourceWish(.flavor, flavor: "m1.large")

    /// A lab whose members see no hosts, and how many instances of the flavor fit when nobody has any.
    private func with(_ body: (LeaseLab, _ flavor: String, _ total: Int) async throws -> Void) async throws {
        try await LeaseLab.with(.chameleon) { lab async throws in
            lab.cloud.change { $0.policy.countsFlavors = true }
            try await lab.manager.sync()
            let flavor = try #require(
                try lab.manager.resources(.flavor).first { $0.resource.name == "m1.large" }?.resource.id)
            try await body(lab, flavor, try availability(lab).calendar().units)
        }
    }

    private func availability(_ lab: LeaseLab) throws -> SiteAvailability {
        let answer = try lab.manager.availability(of: Self.wish, scopes: nil)
        return try #require(answer.found.first, "\(answer.refusals)")
    }

    private func draft(
        _ name: String, _ lab: LeaseLab, from start: Int64, to end: Int64, flavor: String, count: Int
    ) -> LeaseDraft {
        LeaseDraft(
            name: name, start: .at(lab.cloud.now.truncatedToMinute.adding(seconds: start)),
            endsAt: lab.cloud.now.truncatedToMinute.adding(seconds: end),
            reservations: [
                [
                    "resource_type": "flavor:instance", "flavor_id": .string(flavor), "amount": JSONValue(count),
                    "affinity": .null,
                ]
            ])
    }

    /// The seconds until so many are free for an hour; `nil` if they never are.
    private func wait(_ lab: LeaseLab, for count: Int) throws -> Int64? {
        let now = lab.cloud.now.truncatedToMinute
        return try availability(lab).calendar().slots(count: count, durationSeconds: 3_600, after: now, limit: 1)
            .first?.startsAt.seconds(since: now)
    }

    @Test("are known to a member who sees no hosts, on hosts that others use too, and queued ones count")
    func counted() async throws {
        try await with { lab, flavor, total async throws in
            #expect(total > 2)
            #expect(try availability(lab).countedUntil.map { $0 > lab.cloud.now.adding(seconds: 89 * 86_400) } == true)
            #expect(try wait(lab, for: total) == 0)
            #expect(try wait(lab, for: total + 1) == nil)
            let theirs = draft("theirs", lab, from: 3_600, to: 7_200, flavor: flavor, count: 1)
            let made = lab.cloud.direct("POST", "/v1/leases", .object(theirs.body), as: "user2")
            #expect(made.status == 201)
            try await lab.manager.sync()
            #expect(try wait(lab, for: total - 1) == 0)
            let long = try availability(lab).calendar()
                .slots(count: total, durationSeconds: 7_200, after: lab.cloud.now, limit: 1)
            #expect(long.first?.startsAt == lab.cloud.leases().first?.endsAt.adding(seconds: 60))
            // A queued creation takes its instances, and its deletion gives them back.
            let mine = draft("mine", lab, from: 0, to: 86_400, flavor: flavor, count: 1)
            let queued = try await lab.manager.create(mine, isOffline: true)
            #expect(try wait(lab, for: total) == 86_460)
            _ = try lab.manager.cancel(queued.mutation.id)
            #expect(try wait(lab, for: total) == 7_260)
        }
    }

    @Test("let a creation wait for them")
    func waiting() async throws {
        try await with { lab, flavor, total async throws in
            let theirs = draft("theirs", lab, from: 60, to: 36_000, flavor: flavor, count: total)
            #expect(lab.cloud.direct("POST", "/v1/leases", .object(theirs.body), as: "user2").status == 201)
            try await lab.manager.sync()
            let mine = draft("mine", lab, from: 60, to: 3_660, flavor: flavor, count: 1)
            let result = try await lab.manager.create(mine, whenFree: WhenFree())
            let lease = try #require(result.lease?.lease)
            // Blazar refuses instances on a host from the moment at which another lease of it ends.
            let end = lab.cloud.leases().first { $0.name == "theirs" }?.endsAt
            #expect(lease.startsAt == end?.adding(seconds: 60))
            #expect(lab.cloud.count("POST") == 1, "nothing was tried in vain")
        }
    }

    @Test("are counted on hosts where the site does not count them, which takes the right to see those")
    func fallsBack() async throws {
        try await LeaseLab.with(.upstream) { lab async throws in
            try await lab.manager.sync()
            let hidden = try lab.manager.availability(of: Self.wish, scopes: nil)
            #expect(hidden.found.isEmpty)
            #expect(hidden.refusals.map(\.code) == [.refused])
            lab.cloud.change { $0.policy.membersReadInventory = true }
            try await lab.manager.sync()
            let found = try #require(try lab.manager.availability(of: Self.wish, scopes: nil).found.first)
            #expect(found.countedUntil == nil)
            #expect(found.isLowerBound)
            #expect(!found.resources.isEmpty)
        }
    }
}
