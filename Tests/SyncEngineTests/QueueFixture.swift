import BlazarModel
import CloudFixtures
import Foundation
import LeaseModel
import LeaseStore
import OpenStackClient
import SyncPlanner
import Synchronization
import Testing

@testable import SyncEngine

/// A database, a model of Blazar, and somebody who writes.
struct QueueFixture {
    let cloud: QueueCloud
    let folder: URL
    let store: LeaseStore
    let connection: CloudConnection
    let scope: Scope
    let rules = QueueRules(quietPeriodSeconds: 60, failuresBeforeParking: 3)
    let checkpoints = Checkpoints()

    init(_ dialect: Dialect = .upstream, account: String = "user1") async throws {
        cloud = QueueCloud(dialect)
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString)")
        store = try LeaseStore(path: folder.appendingPathComponent("db.sqlite").path, access: .writing)
        connection = Self.connection(cloud, account)
        scope = try await PromptSender(
            store: store, options: SyncOptions(), sleep: { _ in }, progress: { _ in }
        ).scope(of: connection)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    static func connection(_ cloud: QueueCloud, _ account: String = "user1") -> CloudConnection {
        var credentials = Credentials.token(Secret(""))
        var project: ProjectReference?
        cloud.change { model in
            guard
                case .password(let name, let password, let own)? = model.accounts.first(where: { $0.name == account })?
                    .proof
            else { return }
            credentials = .password(user: .name(name, domain: .id("default")), password: Secret(password))
            project = .name(own, domain: .id("default"))
        }
        let configuration = CloudConfiguration(
            name: "lab", origin: .environment, authURL: "http://127.0.0.1:5000/identity/v3", authType: "password",
            credentials: credentials, project: project)
        let session = KeystoneSession(cloud: configuration, transport: cloud, clock: { cloud.now })
        return CloudConnection(cloud: configuration, session: session, now: { cloud.now })
    }

    var writeQueue: WriteQueue { WriteQueue(store: store, now: { [cloud] in cloud.now }) }

    // MARK: - Requests

    func draft(
        _ name: String = "mine", from: Int64 = 3_600, to: Int64 = 7_200, reservation: JSONObject = Self.host
    ) -> LeaseDraft {
        LeaseDraft(
            name: name, start: .at(cloud.now.adding(seconds: from).truncatedToMinute),
            endsAt: cloud.now.adding(seconds: to).truncatedToMinute, reservations: [reservation])
    }

    static let host: JSONObject = [
        "resource_type": "physical:host", "min": 1, "max": 1, "hypervisor_properties": "", "resource_properties": "",
    ]

    @discardableResult
    func create(_ draft: LeaseDraft? = nil, terms: WriteTerms = .init()) throws -> Mutation {
        try writeQueue.create(draft ?? self.draft(), scope: scope, terms: terms)
    }

    /// Queues a change of a lease, as if the mirror had the lease.
    @discardableResult
    func change(_ verb: Mutation.Verb, _ lease: BlazarLease, _ fields: JSONObject = [:]) throws -> Mutation {
        let known =
            try store.lease(id: lease.id, scope: scope.id)
            ?? MirroredLease(
                lease: lease, scopeID: scope.id, site: scope.site, projectName: nil, userName: nil, isMine: false,
                firstSeenAt: QueueCloud.start, observedAt: QueueCloud.start, lastSeenAt: QueueCloud.start, removal: nil)
        return try writeQueue.change(verb, .mirrored(known), fields: fields, scope: scope, terms: .init())
    }

    func end(_ seconds: Int64) -> JSONObject {
        ["end_date": .string(QueueCloud.start.adding(seconds: seconds).truncatedToMinute.blazarRequest)]
    }

    /// A lease that exists and is mirrored.
    func lease(_ name: String = "there", _ reservation: JSONObject = Self.host) async throws -> BlazarLease {
        let answer = cloud.direct("POST", "/v1/leases", .object(draft(name, reservation: reservation).body))
        try #require(answer.status == 201, "\(String(decoding: answer.body, as: UTF8.self))")
        await sync()
        return try mirrored(name)
    }

    func mirrored(_ name: String) throws -> BlazarLease {
        try #require(try store.leases(LeaseFilter()).first { $0.lease.name == name }?.lease)
    }

    // MARK: - The engine

    func push(_ rules: QueueRules? = nil) async throws -> SendResult {
        try await QueueSender(
            store: store, connection: connection, scope: scope, rules: rules ?? self.rules, random: { 1 << 63 },
            checkpoint: { [checkpoints] in try checkpoints.pass($0) }, progress: { _ in }
        ).run()
    }

    /// What `create` does after queueing the creation.
    func flush(_ mutation: Mutation) async throws -> PromptSender.Result {
        var options = SyncOptions()
        options.quietPeriodSeconds = 60
        return try await PromptSender(store: store, options: options, sleep: { _ in }, progress: { _ in }).run(
            connection, scope: scope, waitingFor: mutation.id)
    }

    @discardableResult
    func sync() async -> SyncReport {
        var options = SyncOptions()
        options.readsResources = false
        options.quietPeriodSeconds = 60
        return await CloudSync(store: store, connection: connection, options: options, progress: { _ in }).run()
    }

    func state(_ mutation: Mutation) throws -> MutationState? { try store.mutation(id: mutation.id)?.state }
    func present(_ mutation: Mutation) throws -> Mutation { try #require(try store.mutation(id: mutation.id)) }

    /// Syncs until nothing changes any more, a minute apart by the clock.
    func settle(_ turns: Int = 6) async {
        for _ in 0..<turns {
            cloud.advance(61)
            await sync()
        }
    }
}

/// A point at which the process ends.
final class Checkpoints: Sendable {
    struct Crash: Error {}
    private let at = Mutex<String?>(nil)

    func crash(at name: String) { at.withLock { $0 = name } }
    func pass(_ name: String) throws {
        let hit = at.withLock { at in
            guard at == name else { return false }
            at = nil
            return true
        }
        if hit { throw Crash() }
    }
}

extension SendResult {
    var isBusy: Bool { if case .busy = self { true } else { false } }
    var pause: CloudError? { if case .paused(_, let report) = self { report } else { nil } }
}
