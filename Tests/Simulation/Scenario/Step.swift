package import LeaseModel
package import OpenStackClient

/// Something that somebody does in a run, and what goes wrong meanwhile. A step is complete in itself, so that a list
/// of steps can be shortened and run again.
package struct Step: Sendable, Hashable {
    /// Its original number, which seeds its random numbers, whatever steps are left out.
    var number: Int
    /// The pause before it, in seconds.
    var pauseSeconds: Int64
    var action: Action
    /// The faults, by number of exchange.
    var faults: [Int: Fault]
    /// The number of the checkpoint at which the process dies.
    var crashAt: Int?
}

extension Step {
    /// Whether nobody else acts meanwhile.
    var isUndisturbed: Bool {
        !faults.values.contains { fault in
            if case .meanwhile = fault { true } else { false }
        }
    }
}

/// What somebody does.
package enum Action: Sendable, Hashable {
    case create(client: Int, DraftPlan)
    case change(client: Int, Mutation.Verb, target: Int, minutes: Int)
    case decide(client: Int, Decision, target: Int)
    /// `leasehold sync`; a fresh process has no token yet.
    case sync(client: Int, confirmsDeletes: Bool, isFresh: Bool)
    /// What `leasehold create` does after queueing.
    case push(client: Int, isFresh: Bool)
    /// Another process of the same client syncs, on the same database.
    case other(client: Int)
    /// `leasehold extend`, `update` or `delete`: queued, and sent at once to the lease's site.
    case command(client: Int, Mutation.Verb, target: Int, minutes: Int)
    case setClock(client: Int, secondsOff: Int64)
    /// Somebody deletes a lease at the server.
    case reap(target: Int)
    /// Somebody creates a lease at the server.
    case strangerCreates(user: String, minutes: Int)
    /// Somebody changes a lease at the server.
    case strangerChanges(target: Int, minutes: Int)
    /// Somebody creates by other means, under the client's account, the lease that the client is about to request.
    case lookalike(client: Int, DraftPlan)
    /// Several fields of a lease, or of its reservations, change at once.
    case amend(client: Int, Amendment, target: Int)
    /// The client switches to another entry of clouds.yaml.
    case use(client: Int, entry: Int)
    /// The entry in use is edited, and leads elsewhere from then on.
    case edit(client: Int, region: Region, account: String)
    /// Two entries of clouds.yaml are swapped.
    case swapEntries(client: Int)
    /// Another client's database is imported.
    case importFrom(client: Int, other: Int)
    /// `leasehold keep`, until some hours after the lease's end; `leasehold keep stop` without hours.
    case keep(client: Int, target: Int, hours: Int?)
    /// `leasehold create --when-free`, without sending it at once.
    case wait(client: Int, WaitPlan)
}

/// Which fields change together.
package struct Amendment: Sendable, Hashable {
    var name: String?
    var endMinutes: Int?
    /// The counts of the first reservations: hosts, or other resources.
    var counts: [Int]
}

extension Action {
    /// The client whose computer it concerns, if any.
    var owner: Int? {
        switch self {
        case .setClock(let client, _), .lookalike(let client, _), .use(let client, _), .edit(let client, _, _),
            .swapEntries(let client):
            client
        default: client
        }
    }

    /// The client whose database it uses, if any.
    var client: Int? {
        switch self {
        case .create(let client, _), .change(let client, _, _, _), .decide(let client, _, _), .sync(let client, _, _),
            .push(let client, _), .other(let client), .amend(let client, _, _), .importFrom(let client, _),
            .command(let client, _, _, _), .keep(let client, _, _), .wait(let client, _):
            client
        case .setClock, .reap, .strangerCreates, .strangerChanges, .lookalike, .use, .edit, .swapEntries: nil
        }
    }
}

/// What a person decides about a write.
package enum Decision: String, Sendable, Hashable {
    case cancel, retry, edit, mine, theirs, values
    /// An ambiguous creation, decided by somebody who knows which lease it became.
    case identify
    /// A write whose outcome is not known yet.
    case giveUp

    static let usual: [Decision] = [.cancel, .retry, .edit, .mine, .theirs, .values, .identify]
}

/// A draft whose times are not fixed yet.
package struct DraftPlan: Sendable, Hashable {
    var name: String
    /// Minutes from now, on the client's clock; `nil` for `now`.
    var startMinutes: Int?
    var hours: Int
    var kind: ReservationKind
    var lateStart: LateStartPolicy?
    var notAfterMinutes: Int?
    var retryUntilMinutes: Int?
}

extension DraftPlan {
    /// The draft at a time of the client's clock. Ends are rounded, so that two people often request the same.
    func draft(at time: Timestamp) -> LeaseDraft {
        let now = time.truncatedToMinute
        let start = startMinutes.map { now.adding(seconds: Int64($0) * 60) }
        let wanted = (start ?? now).adding(seconds: Int64(hours) * 3_600)
        let end = Timestamp(secondsSince1970: (wanted.secondsSince1970 + 3_599) / 3_600 * 3_600)
        return LeaseDraft(
            name: name, start: start.map(LeaseDraft.Start.at) ?? .now, endsAt: end, reservations: kind.body)
    }
}

/// What a draft reserves.
package enum ReservationKind: String, Sendable, Hashable, CaseIterable {
    case nothing, host, manyHosts, floatingIP, instance, flavor, network, device, unsupported

    var body: [JSONObject] {
        switch self {
        case .nothing: []
        case .host, .manyHosts:
            [
                [
                    "resource_type": "physical:host", "min": self == .host ? 1 : 3, "max": self == .host ? 1 : 3,
                    "hypervisor_properties": "", "resource_properties": "",
                ]
            ]
        case .floatingIP:
            [
                [
                    "resource_type": "virtual:floatingip", "network_id": "1334c795-c81b-4802-8f6c-5efe285bd6cb",
                    "amount": 1,
                ]
            ]
        case .instance:
            [
                [
                    "resource_type": "virtual:instance", "vcpus": 1, "memory_mb": 1, "disk_gb": 1, "amount": 1,
                    "affinity": "None", "resource_properties": "",
                ]
            ]
        case .flavor:
            [
                [
                    "resource_type": "flavor:instance", "flavor_id": "631b0073-f845-4975-bd04-0fe5854265e9",
                    "amount": 1, "affinity": "None",
                ]
            ]
        case .network:
            [
                [
                    "resource_type": "network", "network_name": "net", "network_properties": "",
                    "resource_properties": "",
                ]
            ]
        case .device:
            [["resource_type": "device", "min": 1, "max": 1, "resource_properties": ""]]
        case .unsupported: [["resource_type": "virtual:nonsense"]]
        }
    }
}

/// What goes wrong in an exchange.
package enum Fault: Sendable, Hashable {
    /// There is no connection.
    case noConnection
    /// The request is lost on its way: no answer.
    case requestLost
    /// The request is carried out, and the answer is lost, or comes too late.
    case answerLost
    /// The request is carried out later, when nobody waits for the answer any more.
    case carriedOutLater(seconds: Int64)
    /// The manager hangs: 500 after a minute, and the request is carried out later.
    case hang(seconds: Int64)
    /// The answer stops in the middle.
    case truncated
    /// The request arrives twice.
    case duplicated
    /// An intermediary answers with a page.
    case page(status: Int, isCarriedOut: Bool)
    /// The server refuses, and does nothing.
    case refused(status: Int, retryAfterSeconds: Int?)
    /// The server reports a lack of capacity.
    case capacity
    /// The server fails with this status, before or after it has acted.
    case failure(status: Int, isCarriedOut: Bool)
    /// The token is revoked before the request is answered.
    case tokenRevoked
    /// The process dies before the request is sent, or before the answer is read.
    case crash(isCarriedOut: Bool)
    /// The transport fails in one of its ways, which does not show whether the server has acted.
    case transport(TransportError.Kind, Reach)
    /// The server refuses for now, with an absurd Retry-After.
    case absurdRetry(status: Int, retryAfter: String)
    /// The answer's date is off by this much, or unreadable.
    case wrongDate(secondsOff: Int64?)
    /// The answer contains something absurd in one place.
    case absurd(AbsurdPlace, String)
    /// Somebody acts before the request, or after it was carried out and before the answer arrives.
    case meanwhile(Interlude, isCarriedOut: Bool)
}

/// How far a request gets on a connection that fails.
package enum Reach: Sendable, Hashable, CaseIterable {
    /// No byte of it is sent.
    case unsent
    /// It is sent, and never arrives.
    case sent
    /// The server carries it out.
    case carriedOut
}

/// Something that happens during somebody else's exchange.
package struct Interlude: Sendable, Hashable {
    let action: InterludeAction
}

/// The actions whose own exchanges have no faults.
package enum InterludeAction: Sendable, Hashable {
    case otherProcess(client: Int)
    case decide(client: Int, Decision, target: Int)
    case change(client: Int, Mutation.Verb, target: Int, minutes: Int)
    case reap(target: Int)

    var action: Action {
        switch self {
        case .otherProcess(let client): .other(client: client)
        case .decide(let client, let decision, let target): .decide(client: client, decision, target: target)
        case .change(let client, let verb, let target, let minutes):
            .change(client: client, verb, target: target, minutes: minutes)
        case .reap(let target): .reap(target: target)
        }
    }
}
