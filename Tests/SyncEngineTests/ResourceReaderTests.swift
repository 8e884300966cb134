import LeaseModel
import LeaseStore
import MirrorFixtures
import OpenStackClient
import SyncEngine
import Testing

@Suite("Reading a cloud's other resources")
struct ResourceReaderTests {
    private static let hosts = #"{"hosts": [{"id": "1", "hypervisor_hostname": "node-1", "node_type": "gpu"}]}"#
    private static let allocations = """
        {"allocations": [{"resource_id": "1", "reservations": [{"id": "r-a", "lease_id": "a", \
        "start_date": "2027-01-15T08:00:00.000000", "end_date": "2027-01-15T09:00:00.000000"}]}]}
        """

    private func outcomes(_ fixture: PullFixture, scope: Int64? = nil) throws -> [ResourceKind: ResourceListing.Outcome]
    {
        let listings = try fixture.mirror.store.resourceListings(scopes: scope.map { [$0] })
        return Dictionary(uniqueKeysWithValues: listings.map { ($0.kind, $0.outcome) })
    }

    @Test("Lists, refusals and missing services are answers; only an error is a warning")
    func outcomes() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let cloud = fixture.cloud
        cloud.answer("GET /os-hosts", .json(Self.hosts))
        cloud.answer("GET /os-hosts/allocations", .refusal(403, "Policy doesn't allow it."))
        cloud.answer("GET /devices", .refusal(403, "Policy doesn't allow blazar:devices:get to be performed."))
        cloud.answer("GET /networks", .failing(.noEndpoint))
        cloud.answer("GET /v2.0/networks", .refusal(500, "Internal error"))
        cloud.answer("GET /v2.0/floatingips", .page("Login"))
        cloud.answer("GET /auth/projects", .failing(.transport(.timedOut, .underWay)))
        let report = await fixture.pull(readsResources: true)
        #expect(report.failure == nil)
        #expect(
            try outcomes(fixture) == [
                .host: .listed, .device: .forbidden, .networkSegment: .notOffered, .reservableFloatingIP: .notOffered,
                .flavor: .notOffered, .flavorInstances: .notOffered, .network: .failed, .floatingIP: .failed,
                .project: .failed, .user: .forbidden,
            ])
        #expect(
            report.warnings.map { String($0.prefix(40)) } == [
                "The networks of cloud alpha could not be", "The floating IPs of cloud alpha could no",
                "The projects of cloud alpha could not be",
            ])
        let host = try #require(try fixture.mirror.store.resources(.host, scopes: nil).first)
        #expect(host.resource.name == "node-1")
        #expect(host.allocations.isEmpty)
        let told = try fixture.mirror.store.allocationListing(.host, scope: 1)
        #expect(told?.outcome == .forbidden)
        #expect(told?.message == "Policy doesn't allow it.")
        #expect(try fixture.mirror.store.allocationListing(.device, scope: 1) == nil)
    }

    @Test("Unread resources stay, unlisted ones go, and an unchanged list writes nothing")
    func again() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let cloud = fixture.cloud
        cloud.answer("GET /os-hosts", .json(Self.hosts))
        cloud.answer("GET /os-hosts/allocations", .json(Self.allocations))
        await fixture.pull(readsResources: true)
        func hosts() throws -> [MirroredResource] { try fixture.mirror.store.resources(.host, scopes: nil) }
        #expect(try hosts().map(\.allocations.count) == [1])
        #expect(try fixture.mirror.store.allocationListing(.host, scope: 1)?.outcome == .listed)
        let before = try fixture.mirror.dump()
        await fixture.pull(readsResources: true)
        #expect(try fixture.mirror.dump() == before)

        cloud.answer("GET /os-hosts", .refusal(500, "Internal error"))
        cloud.answer("GET /os-hosts/allocations", .refusal(500, "Internal error"))
        #expect(await fixture.pull(readsResources: true).warnings.count == 1)
        #expect(try hosts().map(\.allocations.count) == [1])

        cloud.answer("GET /os-hosts", .json(Self.hosts))
        cloud.answer(
            "GET /os-hosts/allocations", .json(#"{"allocations": [{"resource_id": "1", "reservations": []}]}"#))
        await fixture.pull(readsResources: true)
        #expect(try hosts().map(\.allocations.count) == [0])

        cloud.answer("GET /os-hosts", .json(#"{"hosts": []}"#))
        await fixture.pull(readsResources: true)
        #expect(try hosts().isEmpty)
    }

    @Test("An administrator requests all projects and users, a member only the own projects")
    func administrator() async throws {
        let fixture = try PullFixture(ScriptedCloud(identity: ScriptedCloud.identity(roles: ["admin"])))
        defer { fixture.remove() }
        let cloud = fixture.cloud
        cloud.answer("GET /projects", .json(#"{"projects": [{"id": "p7", "name": "physics"}]}"#))
        cloud.answer("GET /users", .json(#"{"users": [{"id": "u7", "name": "ada"}]}"#))
        cloud.list([StoreFixture.lease("a", project: "p7", user: "u7")])
        await fixture.pull(readsResources: true)
        #expect(!cloud.asked.contains("GET /auth/projects"))
        let lease = try #require(try fixture.mirror.store.leases(LeaseFilter()).first)
        #expect((lease.projectName, lease.userName) == ("physics", "ada"))

        // A user who may not list all projects lists the own ones.
        cloud.answer("GET /projects", .refusal(403, "You are not authorized to perform the requested action."))
        cloud.answer("GET /auth/projects", .json(#"{"projects": [{"id": "p8", "name": "mine"}]}"#))
        await fixture.pull(readsResources: true)
        #expect(try fixture.mirror.row("SELECT name FROM person WHERE id = 'p8'") == ["mine"])
    }

    @Test("Every kind is announced before it is read, and none is read if only leases are requested")
    func progress() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        await fixture.pull()
        #expect(fixture.cloud.asked == ["GET /leases"])
        await fixture.pull(readsResources: true)
        let kinds = fixture.log.all.compactMap { if case .resources("alpha", let kind) = $0 { kind } else { nil } }
        #expect(kinds == ResourceKind.allCases)
    }
}
