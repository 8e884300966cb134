import LeaseModel
import OpenStackClient
import Testing

@Suite struct ServiceCatalogTests {
    private func error(
        _ service: ServiceType, region: String? = nil, interface: CloudConfiguration.Interface = .public
    ) async -> ServiceError? {
        let transport = ScriptedTransport { _ in tokenReply() }
        var cloud = Lab.cloud(region: region)
        cloud.interface = interface
        return await #expect(throws: ServiceError.self) {
            try await Lab.session(transport, cloud: cloud).send(ServiceRequest(service, "GET", "/x"))
        }
    }

    @Test func regionAndInterfaceChooseTheEndpoint() async throws {
        let transport = ScriptedTransport { request in
            request.url.hasSuffix("/auth/tokens") ? tokenReply() : .json(200, "{}")
        }
        _ = try await Lab.session(transport, cloud: Lab.cloud(region: "RegionTwo"))
            .send(ServiceRequest(.network, "GET", "/v2.0/x"))
        #expect(transport.requests.last?.url == "http://127.0.0.2:9696/v2.0/x")
        var cloud = Lab.cloud()
        cloud.interface = .internal
        _ = try await Lab.session(transport, cloud: cloud).send(ServiceRequest(.reservation, "GET", "/leases"))
        #expect(transport.requests.last?.url == "http://10.0.0.1:1234/v1/leases")
    }

    @Test func errorsSayWhatThereIs() async throws {
        #expect(
            await error(.compute)?.message
                == "cloud \"lab\" has no service of type \"compute\"; it has network, reservation")
        #expect(await error(.network)?.message.contains("one of RegionOne, RegionTwo") == true)
        #expect(await error(.network, region: "regionone")?.message.contains("only in RegionOne, RegionTwo") == true)
        #expect(await error(.reservation, interface: .admin)?.message.contains("only internal, public") == true)
        #expect(await error(.compute)?.kind == .noEndpoint)
    }
}
