import BlazarClient
import CaptureFixtures
import LeaseModel
import OpenStackClient
import Testing

@Suite struct OtherServicesTests {
    private let reservation = "a47a2885-dca3-411c-8a44-4685739b000a"

    @Test func flavorsComeWithTheirExtraSpecs() async throws {
        let session = ScriptedSession(try .capture("captures/70c-flavors-mv-2.61.txt"))
        let flavors = try #require(try await ComputeAPI(session: session) { .testNow }.flavors().value)
        let reserved = try #require(flavors.first { $0.id == reservation })
        #expect(reserved.name == "reservation:" + reservation)
        #expect(
            reserved.fields["extra_specs"]?["aggregate_instance_extra_specs:reservation"]?.stringValue == reservation)
        #expect(session.lines == ["compute GET /flavors/detail?is_public=None"])
        #expect(session.requests[0].headers["OpenStack-API-Version"] == "compute 2.61")
    }

    @Test func anOlderNovaIsAskedWithoutTheMicroversion() async throws {
        let session = ScriptedSession { request in
            request.headers["OpenStack-API-Version"] == nil
                ? .json(#"{"flavors": [{"id": "1", "name": "m1"}]}"#)
                : .json(#"{"computeFault": {"code": 406, "message": "Version 2.61 is not supported"}}"#, status: 406)
        }
        let flavors = try await ComputeAPI(session: session) { .testNow }.flavors().value
        #expect(flavors?.map(\.name) == ["m1"])
        #expect(session.requests.count == 2)
    }

    @Test func pagesAreFollowedByTheirQueryOnly() async throws {
        let session = ScriptedSession { request in
            request.path.contains("marker=b")
                ? .json(#"{"flavors": [{"id": "c", "name": "C"}]}"#)
                : .json(
                    #"""
                    {"flavors": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}], "flavors_links":
                    [{"rel": "next", "href": "http://evil.example/steal?is_public=None&limit=2&marker=b"}]}
                    """#)
        }
        let flavors = try await ComputeAPI(session: session) { .testNow }.flavors().value
        #expect(flavors?.map(\.id) == ["a", "b", "c"])
        #expect(session.requests.map(\.path).last == "/flavors/detail?is_public=None&limit=2&marker=b")
        #expect(session.requests.allSatisfy { $0.headers["OpenStack-API-Version"] != nil })
    }

    @Test func pagesInACircleEnd() async throws {
        let session = ScriptedSession { _ in
            .json(
                #"{"networks": [{"id": "a"}], "networks_links": [{"rel": "next", "href": "http://n/v2.0/networks?marker=a"}]}"#
            )
        }
        guard case .failed = try await NetworkAPI(session: session, now: { .testNow }).networks() else {
            Issue.record("no failure")
            return
        }
        #expect(session.requests.count == 2)
    }

    @Test func networksAndFloatingIPs() async throws {
        let session = ScriptedSession { request in
            let name = request.path.contains("floatingips") ? "71b-floatingips-by-tag" : "50-networks-by-name"
            return (try? .capture("captures/\(name).txt")) ?? .json("", status: 599)
        }
        let network = NetworkAPI(session: session) { .testNow }
        #expect(try await network.networks(fields: ["name", "shared"]).value?.map(\.name) == ["public"])
        #expect(try await network.networks().value?.first?.projectID == "52b4ee7267f044fc8278ea554d8b1451")
        let addresses = try await network.floatingIPs(reservationID: "399c4d2b", fields: ["tags"]).value
        #expect(addresses?.map(\.name) == ["203.0.113.204", "203.0.113.201"])
        _ = try await network.floatingIPs()
        #expect(
            session.lines == [
                "network GET /v2.0/networks?fields=id&fields=name&fields=shared", "network GET /v2.0/networks",
                "network GET /v2.0/floatingips?tags=reservation%3A399c4d2b&fields=id&fields=floating_ip_address&fields=tags",
                "network GET /v2.0/floatingips",
            ])
    }

    @Test func namesOfProjectsAndUsers() async throws {
        let session = ScriptedSession { request in
            switch request.path {
            case "/auth/projects":
                .json(
                    #"{"projects": [{"id": "p", "name": "lab"}], "links": {"next": null, "self": "x", "previous": null}}"#
                )
            case "/projects": .json(#"{"projects": [], "links": {"next": "http://k/v3/projects?marker=p"}}"#)
            case "/projects?marker=p": .json(#"{"projects": [{"id": "q", "name": "other"}], "links": {"next": null}}"#)
            default:
                .json(
                    #"{"error": {"code": 403, "message": "You are not authorized to perform the requested action: identity:list_users.", "title": "Forbidden"}}"#,
                    status: 403)
            }
        }
        let identity = IdentityAPI(session: session) { .testNow }
        #expect(try await identity.ownProjects().value?.map(\.name) == ["lab"])
        #expect(try await identity.allProjects().value?.map(\.name) == ["other"])
        guard case .forbidden = try await identity.allUsers() else {
            Issue.record("not forbidden")
            return
        }
        #expect(session.lines.last == "identity GET /users")
    }
}
