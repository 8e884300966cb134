import LeaseModel
import MirrorFixtures
import OpenStackClient
import Testing

@testable import SyncEngine

@Suite("Several clouds")
struct SynchronizerTests {
    @Test("Each fails alone; reports keep the requested order, and every connection is closed")
    func failAlone() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let broken = ScriptedCloud()
        broken.answer("GET /leases", .page("Login"))
        fixture.cloud.list([StoreFixture.lease("a")])
        let fault = CloudError(ServiceError(kind: .configuration, message: "auth_url is missing."))
        let entries = [
            CloudDirectory.Entry(
                reference: CloudReference(entry: "faulty"), name: "faulty", connection: .failure(fault)),
            CloudDirectory.Entry(
                reference: CloudReference(entry: "broken"), name: "broken",
                connection: .success(fixture.connection("broken", broken))),
            CloudDirectory.Entry(
                reference: CloudReference(entry: "alpha"), name: "alpha", connection: .success(fixture.connection())),
        ]
        let reports = await Synchronizer(
            store: fixture.mirror.store, options: SyncOptions(), progress: { fixture.log.note($0) }
        ).run(entries)
        #expect(reports.map(\.cloud) == ["faulty", "broken", "alpha"])
        #expect(reports.map(\.failure) == [.configuration, .badAnswer, nil])
        #expect(reports.first?.message == "auth_url is missing.")
        #expect(Set(fixture.log.reports) == Set(reports))
        #expect(try fixture.listed() == ["a"])
        #expect(broken.isClosed && fixture.cloud.isClosed)
    }
}

@Suite("Checking whether a cloud can be used")
struct CloudCheckTests {
    private func findings(_ cloud: ScriptedCloud) async -> [Diagnosis] {
        await CloudCheck(connection: .scripted("alpha", cloud, clock: TestClock())).run()
    }

    @Test("Blazar's own not-found answer proves that it responds")
    func good() async {
        let findings = await findings(ScriptedCloud())
        #expect(findings.map(\.verdict) == [.good, .good, .good])
        #expect(findings.map(\.step) == ["configuration", "login", "reservation service"])
    }

    @Test("The last finding is the obstacle, under the step that failed")
    func bad() async {
        let proxy = ScriptedCloud()
        proxy.answer("GET /leases/00000000-0000-0000-0000-000000000000", .page("Not Found", status: 404))
        #expect(await findings(proxy).last?.verdict == .bad)
        #expect(await findings(proxy).last?.step == "reservation service")
        let steps: [(ServiceError.Kind, String)] = [
            (.authentication, "login"), (.noEndpoint, "catalog"),
            (.transport(.cannotConnect, .beforeSending), "network"),
        ]
        for (kind, step) in steps {
            let cloud = ScriptedCloud()
            cloud.become(.failure(ServiceError(kind: kind, message: "No.")))
            let last = await findings(cloud).last
            #expect((last?.verdict, last?.step, last?.message) == (.bad, step, "No."))
        }
    }

    @Test("An application credential and an unverified server are warnings")
    func warnings() async {
        var identity = ScriptedCloud.identity(roles: ["admin"])
        identity.isApplicationCredential = true
        let findings = await findings(ScriptedCloud(identity: identity))
        #expect(findings.map(\.verdict) == [.good, .good, .warning, .good])
        #expect(findings[1].message.contains("every project"))
    }
}
