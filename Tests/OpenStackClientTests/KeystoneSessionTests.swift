import LeaseModel
import OpenStackClient
import Synchronization
import Testing

@Suite struct KeystoneSessionTests {
    /// A cloud with numbered tokens. The service accepts those from `firstGood` on.
    private func cloud(
        firstGood: Int = 1, lifeSeconds: Int64 = 3_600, clock: TestClock = TestClock()
    ) -> ScriptedTransport {
        let issued = Mutex(0)
        return ScriptedTransport { request in
            guard request.url.hasSuffix("/auth/tokens") else {
                let number = Int(request.headers["x-auth-token"]?.dropFirst(6) ?? "") ?? 0
                return .json(number >= firstGood ? 200 : 401, "{}", headers: ["x-openstack-request-id": "req-1"])
            }
            let number = issued.withLock { count in
                count += 1
                return count
            }
            // Give the other tasks time to queue up behind this one.
            for _ in 0..<200 { await Task.yield() }
            return tokenReply("TOKEN-\(number)", issued: clock.now, lifeSeconds: lifeSeconds)
        }
    }

    private let leases = ServiceRequest(.reservation, "GET", "/leases")

    @Test func findsTheEndpointAndAddsTheToken() async throws {
        let transport = cloud()
        let reply = try await Lab.session(transport).send(
            ServiceRequest(.reservation, "POST", "/leases", headers: ["X-A": "b"], body: ["name": "x"]))
        let request = try #require(transport.requests.last)
        #expect(request.url == "http://127.0.0.1:1234/v1/leases")
        #expect(request.headers["X-Auth-Token"] == "TOKEN-1")
        #expect(request.headers["X-A"] == "b")
        #expect(request.headers["Content-Type"] == "application/json")
        #expect(request.body.map { String(decoding: $0, as: UTF8.self) } == #"{"name":"x"}"#)
        #expect(reply.requestLine == "POST http://127.0.0.1:1234/v1/leases")
        #expect(reply.requestID == "req-1")
    }

    @Test func fiftyCallersAuthenticateOnce() async throws {
        let transport = cloud()
        let session = Lab.session(transport)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try await session.send(leases).status } }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 50))
        #expect(transport.requests(to: "/auth/tokens").count == 1)
    }

    @Test func fiftyCallersRenewOnceAfterARefusal() async throws {
        let transport = cloud(firstGood: 2)
        let session = Lab.session(transport)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try await session.send(leases).status } }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 50))
        #expect(transport.requests(to: "/auth/tokens").count == 2)
    }

    @Test func secondRefusalIsTheReply() async throws {
        let transport = cloud(firstGood: 9)
        #expect(try await Lab.session(transport).send(leases).status == 401)
        #expect(transport.requests(to: "/leases").count == 2)
        #expect(transport.requests(to: "/auth/tokens").count == 2)
    }

    @Test func refusedWriteIsSentAgainWithItsBody() async throws {
        let transport = cloud(firstGood: 2)
        let request = ServiceRequest(.reservation, "POST", "/leases", body: ["name": "x"])
        #expect(try await Lab.session(transport).send(request).status == 200)
        let sent = transport.requests(to: "/leases")
        #expect(sent.map { $0.headers["x-auth-token"] } == ["TOKEN-1", "TOKEN-2"])
        #expect(sent[0].body == sent[1].body)
    }

    @Test(arguments: [500, 502, 503, 409, 403]) func otherStatusIsNeverSentAgain(status: Int) async throws {
        let transport = ScriptedTransport { request in
            request.url.hasSuffix("/auth/tokens") ? tokenReply() : .json(status, "{}")
        }
        #expect(try await Lab.session(transport).send(leases).status == status)
        #expect(transport.requests(to: "/leases").count == 1)
    }

    @Test func lostAnswerIsNeverSentAgain() async throws {
        let transport = ScriptedTransport { request throws(TransportError) in
            guard request.url.hasSuffix("/auth/tokens") else {
                throw TransportError(kind: .closedEarly, phase: .underWay, detail: "")
            }
            return tokenReply()
        }
        let request = ServiceRequest(.reservation, "POST", "/leases", body: [:])
        let error = await #expect(throws: ServiceError.self) { try await Lab.session(transport).send(request) }
        #expect(error?.kind == .transport(.closedEarly, .underWay))
        #expect(error?.message.contains("POST http://127.0.0.1:1234/v1/leases") == true)
        #expect(transport.requests(to: "/leases").count == 1)
    }

    @Test(arguments: [(3_600, 3_479, 3_480), (60, 53, 54), (1_000, 899, 900)] as [(Int64, Int64, Int64)])
    func tokenIsRenewedBeforeItEnds(life: Int64, stillGood: Int64, due: Int64) async throws {
        let clock = TestClock()
        let transport = cloud(lifeSeconds: life, clock: clock)
        let session = Lab.session(transport, clock: clock)
        _ = try await session.send(leases)
        clock.set(secondsAfterStart: stillGood)
        _ = try await session.send(leases)
        #expect(transport.requests(to: "/auth/tokens").count == 1)
        clock.set(secondsAfterStart: due)
        _ = try await session.send(leases)
        #expect(transport.requests(to: "/auth/tokens").count == 2)
        #expect(
            transport.requests(to: "/leases").map { $0.headers["x-auth-token"] } == ["TOKEN-1", "TOKEN-1", "TOKEN-2"])
    }

    @Test func wrongLocalClockDoesNotMakeTokensLookExpired() async throws {
        let clock = TestClock()
        clock.set(secondsAfterStart: 86_400)
        let transport = cloud()  // Its clock is a day behind.
        let session = Lab.session(transport, clock: clock)
        for _ in 0..<3 { _ = try await session.send(leases) }
        #expect(transport.requests(to: "/auth/tokens").count == 1)
    }

    @Test func failureReachesEverybodyWhoWaitedAndIsNotRemembered() async throws {
        let attempts = Mutex(0)
        let transport = ScriptedTransport { request in
            guard request.url.hasSuffix("/auth/tokens") else { return .json(200, "{}") }
            let attempt = attempts.withLock { count in
                count += 1
                return count
            }
            for _ in 0..<200 { await Task.yield() }
            return attempt == 1 ? .json(401, #"{"error": {"message": "no"}}"#) : tokenReply()
        }
        let session = Lab.session(transport)
        let failures = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 { group.addTask { (try? await session.identity()) == nil } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(failures == 20)
        #expect(attempts.withLock { $0 } == 1)
        #expect(try await session.identity().userName == "user1")
    }

    @Test func cancelledLeaderDoesNotFailTheOthers() async throws {
        let attempts = Mutex(0)
        let transport = ScriptedTransport { request throws(TransportError) in
            guard request.url.hasSuffix("/auth/tokens") else { return .json(200, "{}") }
            let attempt = attempts.withLock { count in
                count += 1
                return count
            }
            for _ in 0..<200 { await Task.yield() }
            guard attempt > 1 else { throw TransportError(kind: .cancelled, phase: .underWay, detail: "") }
            return tokenReply()
        }
        let session = Lab.session(transport)
        let failures = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 { group.addTask { (try? await session.identity()) == nil } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(failures == 1)
        #expect(attempts.withLock { $0 } == 2)
    }

    @Test(arguments: [
        ("http://n:9696", "/v2.0/networks", "http://n:9696/v2.0/networks"),
        ("http://n:9696/", "/v2.0/networks", "http://n:9696/v2.0/networks"),
        ("http://n/networking/v2.0", "/v2.0/networks", "http://n/networking/v2.0/networks"),
        ("http://n/v2.1/p1", "/servers", "http://n/v2.1/p1/servers"),
    ]) func versionIsWrittenOnce(endpoint: String, path: String, url: String) async throws {
        let transport = cloud()
        var cloud = Lab.cloud()
        cloud.endpointOverrides[.network] = endpoint
        _ = try await Lab.session(transport, cloud: cloud).send(ServiceRequest(.network, "GET", path))
        #expect(transport.requests.last?.url == url)
    }

    @Test(arguments: ["http://r:1234", "http://r:1234/", "http://r:1234/v1", "http://r:1234/v1/"])
    func blazarOverrideMayLackItsVersion(endpoint: String) async throws {
        let transport = cloud()
        var cloud = Lab.cloud()
        cloud.endpointOverrides[.reservation] = endpoint
        _ = try await Lab.session(transport, cloud: cloud).send(leases)
        #expect(transport.requests.last?.url == "http://r:1234/v1/leases")
    }
}
