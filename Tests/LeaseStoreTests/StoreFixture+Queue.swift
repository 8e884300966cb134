import LeaseModel
import LeaseStore
import MirrorFixtures
import SyncPlanner

extension StoreFixture {
    static let token = "0123456789abcdefghjkmnpqrs"

    /// A creation that starts at minute 60 and ends at minute 120.
    func creation(local: String = "local-1", token: String = StoreFixture.token, name: String = "draft") -> Mutation {
        let draft = LeaseDraft(
            name: name, start: .at(Self.time(60)), endsAt: Self.time(120),
            reservations: [
                [
                    "resource_type": "physical:host", "min": 1, "max": 1,
                    "resource_properties": #"["==", "$node_type", "gpu"]"#,
                ]
            ])
        return Mutation(
            id: 0, scopeID: scope.id, address: scope.queueAddress, verb: .create, localID: local, leaseID: nil,
            leaseName: name, state: .queued, body: draft.body, token: token, createdAt: Self.time(0))
    }

    func change(
        _ verb: Mutation.Verb = .extend, lease: String? = "a", local: String? = nil, end: Int = 80
    ) -> Mutation {
        Mutation(
            id: 0, scopeID: scope.id, address: scope.queueAddress, verb: verb, localID: local, leaseID: lease,
            leaseName: "lease", state: .queued,
            body: verb == .delete ? [:] : ["end_date": .string(Self.time(end).blazarRequest)], token: nil,
            createdAt: Self.time(0))
    }

    @discardableResult
    func enqueue(_ mutation: Mutation) throws -> Mutation? {
        try store.enqueue(to: scope.queueAddress, at: Self.time(0)) { _ in mutation }.mutation
    }

    /// Sends a creation whose answer is lost. The request carries its token unless told otherwise.
    func lose(_ mutation: Mutation, at minute: Int = 1, carriesToken: Bool = true) throws -> Mutation? {
        guard let queued = try enqueue(mutation) else { return nil }
        var body = queued.body
        if carriesToken, let event = queued.token.flatMap({ ClientToken.event(for: $0, at: Self.time(minute)) }) {
            body["events"] = [.object(event)]
        }
        guard let (sending, attempt) = try store.beginAttempt(queued, sent: body, scope: scope, at: Self.time(minute))
        else { return nil }
        try end(sending, attempt, .unknown)
        return try store.mutation(id: queued.id)
    }

    /// Ends an attempt with the given state.
    func end(
        _ sending: Mutation, _ attempt: Int64, _ state: MutationState, lease: BlazarLease? = nil, gone: String? = nil
    ) throws {
        var next = sending
        next.state = state
        if let lease { next.leaseID = lease.id }
        if state != .unknown { next.unconfirmed = nil }
        try store.endAttempt(
            attempt, mutation: next, outcome: "done", lease: lease.map { ObservedLease(lease: $0, digest: 0) },
            goneLeaseID: gone, sentToken: true, scope: scope, at: Self.time(1))
    }

    /// The lease that a creation becomes, with its token in an event.
    func carrying(_ mutation: Mutation, _ id: String) -> BlazarLease {
        var lease = twin(of: mutation, id)
        let type = mutation.token.flatMap(ClientToken.eventType) ?? ""
        lease.events.append(LeaseEvent(id: "mark-\(id)", leaseID: id, eventType: type, time: nil, status: .done))
        return lease
    }

    /// The lease that a creation becomes on a cloud that drops our event.
    func twin(of mutation: Mutation, _ id: String, user: String = "u1") -> BlazarLease {
        var lease = Self.lease(id, name: mutation.leaseName, user: user, from: 60, to: 120)
        lease.createdAt = Self.time(1)
        return lease
    }

    /// Reads a complete list, at a time of the server's clock.
    func pull(_ leases: [BlazarLease], at minute: Int, serverDate: Int) throws {
        let time = Self.time(minute)
        var ledger = try store.pullLedger(scope: scope.id)
        var run = try store.beginRun(cloud: scope.site, scope: scope.id, at: time)
        let observed = leases.map { ObservedLease(lease: $0, digest: UInt64(bitPattern: Int64($0.hashValue))) }
        let changed = observed.filter { ledger.observe(id: $0.lease.id, digest: $0.digest) != .unchanged }
        _ = try store.apply(changed, scope: scope, run: &run, at: time)
        _ = try store.completeRun(
            run, scope: scope, gone: ledger.missingKeys.map { ($0, .deleted) }, counts: SyncCounts(),
            serverDate: Self.time(serverDate), requestID: nil, startedAt: time, at: time)
    }
}
