import BlazarModel
import CloudFixtures
import LeaseModel
import Leasehold
import Testing

@Suite("Creations that wait for room, from the request to the lease")
struct WhenFreeTests {
    /// A lease of an hour that needs every host, and somebody else's that holds them all for ten hours.
    private func with(_ dialect: Dialect, _ body: (LeaseLab, LeaseDraft, String) async throws -> Void) async throws {
        try await LeaseLab.with(dialect) { lab async throws in
            lab.cloud.change { $0.policy.membersReadInventory = dialect == .chameleon }
            // A member does not see the hosts of every site, but an administrator does.
            let admin = lab.cloud.direct("GET", "/v1/os-hosts", as: "admin")
            let count = try #require(try admin.json()["hosts"]?.arrayValue?.count)
            func draft(_ name: String, _ seconds: Int64) -> LeaseDraft {
                LeaseDraft(
                    name: name, start: .now, endsAt: lab.cloud.now.adding(seconds: seconds),
                    reservations: [
                        [
                            "resource_type": "physical:host", "min": JSONValue(count), "max": JSONValue(count),
                            "hypervisor_properties": "", "resource_properties": "",
                        ]
                    ])
            }
            let made = lab.cloud.direct("POST", "/v1/leases", .object(draft("theirs", 36_000).body), as: "user2")
            let id = try #require(try made.json()["lease"]?["id"]?.stringValue)
            try await body(lab, draft("mine", 3_600), id)
        }
    }

    private func end(_ lab: LeaseLab, _ id: String) -> Timestamp? {
        lab.cloud.leases().first { $0.id == id }?.endsAt
    }

    @Test("Where the site shows who holds what, the earliest slot is reserved at once")
    func slot() async throws {
        try await with(.chameleon) { lab, draft, theirs async throws in
            let result = try await lab.manager.create(draft, whenFree: WhenFree())
            #expect(result.mutation.state == .settled || result.mutation.state == .accepted)
            let lease = try #require(result.lease?.lease)
            #expect(lease.startsAt == end(lab, theirs))
            #expect(lease.endsAt == lease.startsAt.adding(seconds: 3_600))
            #expect(lab.cloud.count("POST") == 1, "nothing was tried in vain")
            let second = try await lab.manager.create(draft, whenFree: WhenFree())
            #expect(second.lease?.lease.startsAt == lease.endsAt, "the next one queues behind it")
        }
    }

    @Test("If there is no slot before the latest start, it waits, and goes out when a deletion makes room")
    func deletion() async throws {
        try await with(.chameleon) { lab, draft, theirs async throws in
            let latest = lab.cloud.now.adding(seconds: 7_200)
            let result = try await lab.manager.create(draft, whenFree: WhenFree(latest: latest))
            #expect(result.mutation.state == .waiting)
            #expect(try lab.manager.lease("mine").lease.status.rawValue == "WAITING")
            lab.cloud.advance(1_800)
            try await lab.manager.sync()
            #expect(try lab.manager.mutation(result.mutation.id).mutation.state == .waiting)
            #expect(lab.cloud.count("POST") == 0)
            lab.cloud.direct("DELETE", "/v1/leases/\(theirs)", as: "user2")
            try await lab.manager.sync(options: leasesOnly)
            #expect(try lab.manager.mutation(result.mutation.id).mutation.state == .settled)
            #expect(try lab.manager.lease("mine").lease.startsAt <= latest)
            #expect(lab.names == ["mine"])
        }
    }

    @Test("A change of what waits is a change of what will be asked for: its start, and how many")
    func changedWhileWaiting() async throws {
        try await with(.chameleon) { lab, draft, theirs async throws in
            try await lab.manager.sync()
            let result = try await lab.manager.create(
                draft, isOffline: true, whenFree: WhenFree(alternatives: [.init(nodeType: "no-such-type")]))
            let local = try #require(result.mutation.localID)
            let start = lab.cloud.now.adding(seconds: 86_400).truncatedToMinute
            _ = try await lab.manager.change(.update, local, isOffline: true) { _ in
                [
                    "start_date": .string(start.blazarRequest),
                    "end_date": .string(start.adding(seconds: 10_800).blazarRequest),
                ]
            }
            try await lab.manager.sync()
            let lease = try #require(lab.cloud.leases().first { $0.name == "mine" })
            #expect(lease.startsAt == start)
            #expect(lease.endsAt == start.adding(seconds: 10_800))
        }
    }

    @Test("What else will do is reviewed too, and says which one it is")
    func reviewedAlternatives() async throws {
        try await with(.chameleon) { lab, draft, theirs async throws in
            try await lab.manager.sync()
            let result = try await lab.manager.create(
                draft, isOffline: true, whenFree: WhenFree(alternatives: [.init(nodeType: "no-such-type")]))
            #expect(result.warnings.contains { $0.message.hasPrefix("Alternative 1 (--or): ") }, "\(result.warnings)")
        }
    }

    /// The options of most syncs of a watch.
    private var leasesOnly: SyncOptions {
        var options = SyncOptions()
        options.readsResources = false
        return options
    }

    @Test("Three that wait for the same hosts get them one after another")
    func turns() async throws {
        try await with(.chameleon) { lab, draft, theirs async throws in
            for number in 1...3 {
                var draft = draft
                draft.name = "mine-\(number)"
                let result = try await lab.manager.create(draft, whenFree: WhenFree(aheadSeconds: 0))
                #expect(result.mutation.state == .waiting)
                #expect(result.mutation.waiting?.roomAt != nil, "when there will be room is known")
            }
            lab.cloud.direct("DELETE", "/v1/leases/\(theirs)", as: "user2")
            for _ in 0..<16 {
                try await lab.manager.sync()
                lab.cloud.advance(900)
            }
            let leases = lab.cloud.leases().sorted { $0.startsAt < $1.startsAt }
            #expect(leases.map(\.name) == ["mine-1", "mine-2", "mine-3"])
            for (one, next) in zip(leases, leases.dropFirst()) { #expect(one.endsAt <= next.startsAt) }
            #expect(lab.cloud.count("POST") == 3)
        }
    }

    @Test("Where the site does not say who holds what, it is asked, with growing pauses")
    func unknown() async throws {
        try await with(.upstream) { lab, draft, theirs async throws in
            let result = try await lab.manager.create(draft, whenFree: WhenFree())
            #expect(result.mutation.state == .waiting)
            #expect(lab.cloud.count("POST") == 1)
            #expect(result.mutation.message?.contains("Not enough") == true)
            lab.cloud.direct("DELETE", "/v1/leases/\(theirs)", as: "user2")
            lab.cloud.advance(700)
            try await lab.manager.sync()
            #expect(try lab.manager.mutation(result.mutation.id).mutation.state == .settled)
            #expect(lab.names == ["mine"])
        }
    }

    @Test("Another node type of the same cloud will do")
    func alternatives() async throws {
        try await with(.chameleon) { lab, draft, _ async throws in
            try await lab.manager.sync()
            let types = Set(
                try lab.manager.resources(.host).compactMap { $0.resource.fields["node_type"]?.stringValue }
            ).sorted()
            let (busy, free) = (try #require(types.first), try #require(types.last))
            try #require(busy != free)
            let theirs = try #require(lab.cloud.leases().first)
            lab.cloud.direct("DELETE", "/v1/leases/\(theirs.id)", as: "user2")
            func request(_ type: String, _ count: Int) -> [JSONObject] {
                [
                    [
                        "resource_type": "physical:host", "min": JSONValue(count), "max": JSONValue(count),
                        "hypervisor_properties": "",
                        "resource_properties": .string("[\"==\", \"$node_type\", \"\(type)\"]"),
                    ]
                ]
            }
            let count = try lab.manager.resources(.host).count { $0.resource.fields["node_type"]?.stringValue == busy }
            var way = draft
            (way.name, way.reservations) = ("theirs", request(busy, count))
            let made = lab.cloud.direct("POST", "/v1/leases", .object(way.body), as: "user2")
            try #require(made.status == 201)
            var mine = draft
            mine.reservations = request(busy, 1)
            let result = try await lab.manager.create(
                mine, whenFree: WhenFree(alternatives: [.init(nodeType: free)]))
            let lease = try #require(result.lease?.lease)
            #expect(lease.reservations.first?.requiredValue(of: "node_type") == free)
            #expect(lease.startsAt <= lab.cloud.now)
        }
    }

    @Test("What cannot be is refused: a latest start before the earliest, and clouds that were never read")
    func refusals() async throws {
        try await with(.chameleon) { lab, draft, _ async throws in
            let now = lab.cloud.now
            for wrong in [
                WhenFree(earliest: now.adding(seconds: 7_200), latest: now.adding(seconds: 3_600)),
                WhenFree(alternatives: [.init(cloud: "nowhere")]),
            ] {
                await #expect(throws: LeaseholdError.self) {
                    try await lab.manager.create(draft, whenFree: wrong)
                }
            }
            #expect(try lab.manager.queue() == [])
        }
    }
}
