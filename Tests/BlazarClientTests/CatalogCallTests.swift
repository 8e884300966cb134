import BlazarClient
import CaptureFixtures
import LeaseModel
import OpenStackClient
import Testing

@Suite struct CatalogCallTests {
    private func blazar(_ answer: ScriptedSession.Answer) -> BlazarAPI {
        BlazarAPI(session: ScriptedSession(answer)) { .testNow }
    }

    @Test func hosts() async throws {
        let upstream = try #require(try await blazar(.capture("captures/60b-os-hosts-as-admin.txt")).hosts().value)
        #expect(upstream.map(\.id) == ["1", "2", "3"])
        #expect(upstream.map(\.name) == ["compute-2", "compute-1", "compute-3"])
        #expect(upstream[0].fields["gpu"] == "yes")
        let fork = try #require(try await blazar(.capture("captures-chameleon/60-admin-os-hosts.txt")).hosts().value)
        #expect(fork.map(\.name) == ["nc03", "nc01", "nc02"])
        #expect(fork[0].fields["node_type"] == "gpu_p100")
        #expect(Set(fork.map(\.kind)) == [.host])
    }

    @Test func hostAllocations() async throws {
        let upstream = try #require(
            try await blazar(.capture("captures/60e-host-allocations-admin.txt")).hostAllocations().value)
        // Two instances of one reservation on host 3 are one allocation.
        #expect(upstream.map(\.resourceID) == ["1", "2", "3"])
        #expect(upstream[0].startsAt == Timestamp(parsing: "2026-11-22T16:22:00Z"))
        #expect(upstream[0].projectID == nil)
        let fork = try #require(
            try await blazar(.capture("captures-chameleon/61-admin-os-hosts-allocations.txt")).hostAllocations().value)
        #expect(fork.map(\.leaseName) == ["t-host", "ev-future", "ev-now"])
        #expect(fork[0].projectID == "17d8f03477ff499f8705a39a43bfd9af")
        #expect(fork[0].extra["status"] == "active")
        // A host that nobody holds, and names that are hidden from members.
        let member = try #require(
            try await blazar(.capture("captures-chameleon/253-prodlike-user1-os-hosts-allocations.txt"))
                .hostAllocations().value)
        #expect(member.map(\.leaseName) == [nil])
    }

    @Test func hostProperties() async throws {
        let capture = "captures-chameleon/63-admin-os-hosts-properties-detail-true.txt"
        let properties = try #require(try await blazar(.capture(capture)).hostProperties().value)
        #expect(properties.first { $0.name == "node_type" }?.values == ["compute_skylake", "gpu_p100"])
        #expect(properties.allSatisfy { $0.isPrivate == false && $0.extra["is_unique"] == false })
    }

    @Test func chameleonsOtherResources() async throws {
        func answer(_ name: String) throws -> BlazarAPI { blazar(try .capture("captures-chameleon/" + name)) }
        let devices = try await answer("67-admin-devices.txt").devices().value
        #expect(devices?.map(\.name) == ["iot-rpi4-02", "iot-jetson-01", "iot-rpi4-01"])
        let segments = try await answer("64-admin-networks.txt").networkSegments().value
        #expect(segments?.compactMap { $0.fields["segment_id"]?.intValue } == [3001, 3002, 3003])
        let addresses = try await answer("70-admin-floatingips.txt").reservableFloatingIPs().value
        #expect(addresses?.map(\.name) == ["203.0.113.221", "203.0.113.222", "203.0.113.223"])
        let held = try await answer("65-admin-networks-allocations.txt").networkSegmentAllocations().value
        #expect(held?.map(\.leaseName) == ["t-network"])
        #expect(try await answer("68-admin-devices-allocations.txt").deviceAllocations().value?.count == 1)
        #expect(try await answer("38-lease-host-hosts.txt").hosts(ofLease: "x").value?.count == 1)
        #expect(try await answer("36-lease-device-devices.txt").devices(ofLease: "x").value?.count == 1)
        #expect(try await answer("33-lease-network-networks.txt").networkSegments(ofLease: "x").value?.count == 1)
        #expect(try await answer("127-err-get-hosts-nonexistent.txt").hosts(ofLease: "x").value == [])
    }

    @Test func countsOfFreeInstances() async throws {
        let text = """
            {"flavor_instances": [{"flavor_id": "f1", "resource_spec": {"vcpus": 2}, "availability": [
                {"start": "2027-01-15 08:00", "end": "2027-01-16 08:00", "available": 3, "total": 4}]}]}
            """
        let listed = try await blazar(.json(text)).flavorInstances(until: .testNow).value
        let counted = try #require(listed?.first)
        #expect(counted.kind == .flavorInstances)
        #expect(counted.id == "f1")
        #expect(FlavorAvailability(counted)?.total == 4)
        let refusal = try ScriptedSession.Answer.capture("captures-chameleon/71-admin-floatingips-allocations.txt")
        #expect(try await blazar(refusal).flavorInstances(until: .testNow) == .notOffered)
        guard case .failed = try await blazar(.json(#"{"flavor_instances": [{}]}"#)).flavorInstances(until: .testNow)
        else {
            Issue.record("taken for an answer")
            return
        }
    }

    @Test func pathsAreBelowTheEndpoint() async throws {
        let session = ScriptedSession(.json("{}"))
        let blazar = BlazarAPI(session: session) { .testNow }
        _ = try await blazar.hosts()
        _ = try await blazar.hostAllocations()
        _ = try await blazar.hostProperties()
        _ = try await blazar.devices()
        _ = try await blazar.deviceAllocations()
        _ = try await blazar.networkSegments()
        _ = try await blazar.networkSegmentAllocations()
        _ = try await blazar.reservableFloatingIPs()
        _ = try await blazar.floatingIPAllocations()
        _ = try await blazar.hosts(ofLease: "a b")
        _ = try await blazar.flavorInstances(until: Timestamp(secondsSince1970: 1_800_000_059))
        #expect(
            session.requests.map(\.path) == [
                "/os-hosts", "/os-hosts/allocations", "/os-hosts/properties?detail=True", "/devices",
                "/devices/allocations", "/networks", "/networks/allocations", "/floatingips",
                "/floatingips/allocations",
                "/leases/a%20b/hosts", "/flavor-instances/availability?end_date=2027-01-15%2008%3A00",
            ])
    }

    /// 403 and 404 are answers. Only an answer that cannot be understood is a failure.
    @Test func whatASiteDoesNotOfferIsAnAnswer() async throws {
        guard case .forbidden(let failure) = try await blazar(.capture("captures/60-os-hosts-as-member.txt")).hosts()
        else {
            Issue.record("not forbidden")
            return
        }
        #expect(failure.message.contains("blazar:oshosts:get"))
        #expect(try await blazar(.capture("captures/17b-hosts.txt")).hosts() == .notOffered)
        #expect(
            try await blazar(.capture("captures-chameleon/71-admin-floatingips-allocations.txt"))
                .floatingIPAllocations() == .notOffered)
        #expect(try await blazar(.failing(.noEndpoint)).hosts() == .notOffered)
        await #expect(throws: ServiceError.self) { try await blazar(.failing(.authentication)).hosts() }
    }

    @Test(arguments: [
        ScriptedSession.Answer.json("{}"), .json(#"{"hosts": null}"#), .json(#"{"hosts": [{}]}"#),
        .json(#"{"hosts": [1]}"#),
        .json("[]"), .json(""), .json("{", status: 200), .json("{}", status: 500), .json("{}", status: 403),
        .init(status: 404, headers: ["content-type": "text/html"], body: Array("<html>".utf8)),
        .init(status: 200, headers: ["content-type": "text/html"], body: Array("<html>".utf8)), .init(status: 503),
    ])
    func anythingElseIsAFailure(answer: ScriptedSession.Answer) async throws {
        guard case .failed = try await blazar(answer).hosts() else {
            Issue.record("taken for an answer")
            return
        }
    }
}
