import BlazarModel
import CloudFixtures
import LeaseModel
import LeaseStore
import OpenStackClient
import SyncPlanner
import Testing

@testable import SyncEngine

@Suite("Sending creations, with each fault once")
struct QueueSenderTests {
    private func with(
        _ dialect: Dialect = .upstream, _ body: (QueueFixture) async throws -> Void
    ) async throws {
        let fixture = try await QueueFixture(dialect)
        defer { fixture.remove() }
        try await body(fixture)
    }

    @Test(
        "A creation is sent with its token, accepted, mirrored and settled", arguments: [Dialect.upstream, .chameleon])
    func plain(dialect: Dialect) async throws {
        try await with(dialect) { fixture in
            let mutation = try fixture.create()
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .accepted)
            let lease = try #require(fixture.cloud.leases().first)
            #expect(try fixture.present(mutation).leaseID == lease.id)
            #expect(try fixture.mirrored("mine").id == lease.id)
            let type = mutation.token.flatMap(ClientToken.eventType)
            #expect(lease.events.contains { $0.eventType == type })
            await fixture.sync()
            #expect(try fixture.state(mutation) == .settled)
            #expect(fixture.cloud.count("POST") == 1)
        }
    }

    @Test("An empty queue sends no request")
    func idle() async throws {
        try await with { fixture in
            fixture.cloud.forget()
            guard case .done(let moved) = try await fixture.push() else {
                Issue.record("not done")
                return
            }
            #expect(moved.isEmpty)
            #expect(fixture.cloud.asked.isEmpty)
        }
    }

    static let lossCases: [QueueCloud.Fault] = [.lost, .truncated]

    @Test(
        "If the answer of a successful creation was lost, the next list finds it, and nothing is sent again",
        arguments: lossCases)
    func lostAnswer(fault: QueueCloud.Fault) async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            fixture.cloud.fail("POST /v1/leases", fault)
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .unknown)
            await fixture.sync()
            #expect(try fixture.state(mutation) == .settled)
            #expect(try fixture.present(mutation).leaseID == fixture.cloud.leases().first?.id)
            #expect(fixture.cloud.leases().count == 1)
            #expect(fixture.cloud.count("POST") == 1)
        }
    }

    static let doubtCases: [QueueCloud.Fault] = [
        .cut, .refusal(500, "Internal Server Error"), .refusal(503, "no"), .page,
        .answer(502, ["content-type": "text/html"], "<html><title>Bad Gateway</title></html>"),
        .answer(201, ["content-type": "application/json"], "{}"),
    ]

    @Test(
        "An unconfirmed creation that never ran is sent again after the server's quiet period", arguments: doubtCases)
    func cutRequest(fault: QueueCloud.Fault) async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            fixture.cloud.fail("POST /v1/leases", fault)
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .unknown)
            // The first list after it starts the period; setting this machine's clock forward does not end it.
            await fixture.sync()
            fixture.cloud.setClock(by: 300)
            await fixture.sync()
            await fixture.sync()
            fixture.cloud.advance(60)
            await fixture.sync()
            #expect(try fixture.state(mutation) == .unknown)
            #expect(fixture.cloud.count("POST") == 1)
            fixture.cloud.advance(1)
            await fixture.sync()
            #expect(try fixture.state(mutation) == .unknown)
            await fixture.sync()
            #expect(try fixture.state(mutation) == .settled)
            #expect(fixture.cloud.leases().count == 1)
            let tokens = Set(fixture.cloud.bodies.map { $0["events"]?.text() ?? "" })
            #expect(tokens.count == 1)
        }
    }

    @Test("A creation that counts as not carried out is not sent again once its lease is known")
    func lateProof() async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            fixture.cloud.fail("POST /v1/leases", .unreachable)
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .queued)
            var body = mutation.body
            let token = try #require(mutation.token)
            body["events"] = [.object(try #require(ClientToken.event(for: token, at: fixture.cloud.now)))]
            fixture.cloud.direct("POST", "/v1/leases", .object(body))
            let made = try #require(fixture.cloud.leases().first)
            await fixture.settle()
            #expect(fixture.cloud.leases().count == 1)
            #expect(try fixture.state(mutation) == .settled)
            #expect(try fixture.present(mutation).leaseID == made.id)
        }
    }

    @Test("If a cloud drops our event, the lease is recognized by its content, and others are left alone")
    func fallback() async throws {
        try await with { fixture in
            fixture.cloud.dropEvents()
            let first = try fixture.create(fixture.draft("first", from: 36_000, to: 39_600))
            _ = try await fixture.push()
            #expect(try fixture.state(first) == .accepted)
            let same = fixture.draft("mine")
            fixture.cloud.direct("POST", "/v1/leases", .object(same.body))
            await fixture.sync()
            let mutation = try fixture.create(same)
            fixture.cloud.fail("POST /v1/leases", .lost)
            _ = try await fixture.push()
            await fixture.sync()
            #expect(try fixture.state(mutation) == .settled)
            #expect(fixture.cloud.leases().count == 3)
            #expect(fixture.cloud.bodies.last?["events"] == nil)
        }
    }

    @Test("A final refusal keeps the server's message and request id, and nothing is sent again")
    func refused() async throws {
        let cases: [(QueueCloud.Fault, String)] = [
            (.refusal(403, "Policy doesn't allow blazar:leases:post to be performed."), "auth"),
            (.refusal(404, "Object with {'x'} not found"), "invalid"), (.refusal(409, "no"), "conflict"),
            (.refusal(400, "Not enough floating IPs available"), "capacity"),
            (.refusal(500, "Not enough hosts available"), "capacity"),
        ]
        for (fault, reason) in cases {
            try await with { fixture in
                let mutation = try fixture.create()
                fixture.cloud.fail("POST /v1/leases", fault)
                _ = try await fixture.push()
                let present = try fixture.present(mutation)
                #expect(present.state == .rejected)
                #expect(present.reason == reason)
                #expect(present.requestID == "req-fault")
                await fixture.settle(2)
                #expect(fixture.cloud.count("POST") == 1)
                #expect(fixture.cloud.leases().isEmpty)
            }
        }
    }

    @Test("A creation refused for lack of hosts can be retried when there are some")
    func retry() async throws {
        try await with { fixture in
            var everything = QueueFixture.host
            everything["min"] = 3
            everything["max"] = 3
            let blocker = try await fixture.lease("blocker", everything)
            let mutation = try fixture.create()
            _ = try await fixture.push()
            #expect(try fixture.present(mutation).reason == "capacity")
            fixture.cloud.direct("DELETE", "/v1/leases/\(blocker.id)")
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .rejected)
            _ = try fixture.writeQueue.retry(mutation.id)
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .accepted)
        }
    }

    @Test("A write respects Retry-After, and then is sent once")
    func rateLimited() async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            fixture.cloud.fail("POST /v1/leases", .refusal(429, "slow down", ["retry-after": "100"]))
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .queued)
            fixture.cloud.advance(99)
            _ = try await fixture.push()
            #expect(fixture.cloud.count("POST") == 1)
            fixture.cloud.advance(1)
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .accepted)
            #expect(fixture.cloud.leases().count == 1)
        }
    }

    static let absurdDelays = [
        "9223372036854775807", "9223372036854775806", "99999999999999999999999", "86400000",
        "Fri, 31 Dec 9999 23:59:59 GMT", "-9223372036854775808", "-1", "1e308", "Sun, 01 Jan 0001 00:00:00 GMT",
    ]

    @Test("Whatever a server asks, a write waits an hour at most", arguments: absurdDelays)
    func absurdRetryAfter(delay: String) async throws {
        try await with { fixture in
            let lease = try await fixture.lease()
            let creation = try fixture.create()
            let change = try fixture.change(.extend, lease, fixture.end(9_000))
            for method in ["POST", "PUT"] {
                fixture.cloud.fail("\(method) /v1/leases", .refusal(429, "slow down", ["retry-after": delay]))
            }
            _ = try await fixture.push()
            for write in [creation, change] {
                let present = try fixture.present(write)
                #expect(present.state == .queued)
                #expect((1...3_600).contains(present.nextAttemptAt.seconds(since: fixture.cloud.now)))
            }
            fixture.cloud.fail("GET /v1/leases", .refusal(503, "busy", ["retry-after": delay, "date": delay]))
            let report = await fixture.sync()
            #expect(report.failure == .server)
            #expect((report.retryAfter?.seconds ?? 0) <= 3_600)
            fixture.cloud.advance(3_601)
            await fixture.sync()
            #expect(fixture.cloud.leases().count == 2)
        }
    }

    @Test("A missing connection pauses the queue and changes nothing")
    func unreachable() async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            fixture.cloud.fail("POST /v1/leases", .unreachable)
            let result = try await fixture.push()
            #expect(result.pause?.failure == .unreachable)
            #expect(try fixture.state(mutation) == .queued)
            await fixture.settle(1)
            #expect(fixture.cloud.leases().count == 1)
        }
    }

    @Test(
        "Whatever fails after a creation was carried out, the lease is looked for before it is sent again",
        arguments: TransportError.Kind.allCases)
    func failsAfterExecution(kind: TransportError.Kind) async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            fixture.cloud.fail("POST /v1/leases", .failedAfter(kind))
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .unknown)
            await fixture.settle()
            #expect(try fixture.state(mutation) == .settled)
            #expect(fixture.cloud.leases().count == 1)
            #expect(fixture.cloud.count("POST") == 1)
        }
    }

    @Test(
        "If a creation fails before it is sent, it is sent again soon, without a quiet period",
        arguments: TransportError.Kind.allCases)
    func failsBeforeSending(kind: TransportError.Kind) async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            fixture.cloud.fail("POST /v1/leases", .failedBefore(kind))
            let result = try await fixture.push()
            #expect(result.pause != nil)
            #expect(try fixture.state(mutation) == .queued)
            fixture.cloud.advance(10)
            await fixture.sync()
            #expect(fixture.cloud.leases().count == 1)
            #expect(try fixture.state(mutation) == .settled)
        }
    }

    @Test(
        "A failed login never leaves a creation unconfirmed",
        arguments: TransportError.Kind.allCases)
    func loginFailsBeforeCreation(kind: TransportError.Kind) async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            // The token is refused, and the request for another one fails.
            fixture.cloud.fail(
                "POST /v1/leases", .refusal(401, "The request you have made requires authentication."))
            fixture.cloud.fail("POST /identity", .failedAfter(kind))
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .queued)
            fixture.cloud.advance(10)
            await fixture.sync()
            #expect(fixture.cloud.leases().count == 1)
        }
    }

    @Test("A refused token is renewed once; after that, the queue waits for a login and then continues")
    func unauthenticated() async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            let no = QueueCloud.Fault.refusal(401, "The request you have made requires authentication.")
            fixture.cloud.fail("POST /v1/leases", no)
            _ = try await fixture.push()
            #expect(try fixture.state(mutation) == .accepted)
            let second = try fixture.create(fixture.draft("second"))
            let third = try fixture.create(
                fixture.draft("third", reservation: ["resource_type": "virtual:dummy", "amount": 1]))
            fixture.cloud.fail("POST /v1/leases", no)
            fixture.cloud.fail("POST /v1/leases", no)
            let result = try await fixture.push()
            #expect(result.pause?.failure == .authentication)
            #expect(try fixture.present(second).state == .blocked)
            #expect(try fixture.present(second).reason == "auth")
            #expect(try fixture.state(third) == .queued)
            _ = try await fixture.push()
            #expect(try fixture.state(second) == .accepted)
            #expect(try fixture.state(third) == .accepted)
        }
    }

    @Test("A refusal stays a refusal if the login needed to interpret it fails")
    func wordingWithoutLogin() async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            _ = try await fixture.connection.session.identity()
            fixture.cloud.fail("POST /v1/leases", .refusal(500, "Internal Server Error"))
            // By the time of the answer the token has expired, and Keystone is unreachable.
            fixture.cloud.change { $0.policy.tokenSeconds = 3_600 }
            fixture.cloud.fail("POST /identity", .unreachable)
            let session = EndingSession(fixture.connection.session)
            let connection = CloudConnection(
                cloud: fixture.connection.cloud, session: session, now: fixture.connection.now)
            _ = try await QueueSender(
                store: fixture.store, connection: connection, scope: fixture.scope, rules: fixture.rules,
                progress: { _ in }
            ).run()
            #expect(try fixture.state(mutation) == .unknown)
        }
    }

    @Test("A failing write does not delay writes to other leases")
    func independence() async throws {
        try await with { fixture in
            let failing = try fixture.create(fixture.draft("failing"))
            let dependent = try fixture.writeQueue.change(
                .extend, .creation(failing, pending: []), fields: fixture.end(9_000), scope: fixture.scope,
                terms: .init())
            #expect(dependent.id == failing.id)
            let other = try fixture.create(fixture.draft("other"))
            fixture.cloud.fail("POST /v1/leases", .cut)
            _ = try await fixture.push()
            #expect(try fixture.state(failing) == .unknown)
            #expect(try fixture.state(other) == .accepted)
        }
    }

    @Test("An extension of an unconfirmed creation waits for it and gets its id")
    func dependents() async throws {
        try await with { fixture in
            let creation = try fixture.create()
            fixture.cloud.fail("POST /v1/leases", .lost)
            _ = try await fixture.push()
            let extended = try fixture.writeQueue.change(
                .extend, .creation(creation, pending: []), fields: fixture.end(9_000), scope: fixture.scope,
                terms: .init())
            #expect(extended.id != creation.id)
            _ = try await fixture.push()
            #expect(try fixture.state(extended) == .queued)
            #expect(fixture.cloud.count("PUT") == 0)
            await fixture.sync()
            await fixture.sync()
            #expect(try fixture.state(extended) == .settled)
            #expect(fixture.cloud.leases().first?.endsAt == QueueCloud.start.adding(seconds: 9_000))
        }
    }

    @Test("A late start follows its policy")
    func lateStarts() async throws {
        for policy in LateStartPolicy.allCases {
            try await with { fixture in
                let mutation = try fixture.create(terms: .init(lateStart: policy))
                fixture.cloud.advance(3_720)
                _ = try await fixture.push()
                let lease = fixture.cloud.leases().first
                let now = fixture.cloud.now.truncatedToMinute
                switch policy {
                case .expire:
                    #expect(try fixture.state(mutation) == .expired)
                    #expect(lease == nil)
                case .startNow:
                    #expect(lease?.startsAt == now)
                    #expect(lease?.endsAt == QueueCloud.start.adding(seconds: 7_200).truncatedToMinute)
                case .shift:
                    #expect(lease?.startsAt == now)
                    #expect(lease?.endsAt.seconds(since: now) == 3_600)
                }
            }
        }
    }
}

/// A session that ends once something was sent.
private actor EndingSession: ServiceSession {
    private let session: any ServiceSession
    private var hasSent = false

    init(_ session: any ServiceSession) { self.session = session }

    func send(_ request: ServiceRequest) async throws(ServiceError) -> ServiceReply {
        hasSent = true
        return try await session.send(request)
    }

    func identity() async throws(ServiceError) -> TokenIdentity {
        guard !hasSent else {
            throw ServiceError(kind: .transport(.cannotConnect, .beforeSending), message: "Keystone is away.")
        }
        return try await session.identity()
    }
}
