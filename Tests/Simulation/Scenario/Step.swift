package import LeaseModel
package import OpenStackClient

/// One thing that somebody does in a run, and what goes wrong meanwhile. Complete in itself, so that a list of steps
/// can be shortened and run again.
package struct Step: Sendable, Hashable {
    /// The number it was given first: its chance comes from it, whatever else is left out.
    var number: Int
    /// How much time passes before it, in seconds.
    var pauseSeconds: Int64
    var action: Action
    /// What goes wrong at which of its exchanges.
    var faults: [Int: Fault]
    /// The process dies at this one of the moments between two of its steps.
    var crashAt: Int?
}

extension Step {
    /// Whether nobody else does anything meanwhile.
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
    /// Another process of the same client does the same, on the same database.
    case other(client: Int)
    /// `leasehold extend`, `update` or `delete`: queued, and sent at once to wherever the lease is.
    case command(client: Int, Mutation.Verb, target: Int, minutes: Int)
    case setClock(client: Int, secondsOff: Int64)
    /// Somebody deletes a lease at the server.
    case reap(target: Int)
    /// Somebody makes a lease at the server.
    case strangerCreates(user: String, minutes: Int)
    /// Somebody changes a lease at the server.
    case strangerChanges(target: Int, minutes: Int)
    /// Somebody makes by other means, under the client's account, what the client is about to ask for.
    case lookalike(client: Int, DraftPlan)
    /// Several fields of a lease, or of its reservations, are to change at once.
    case amend(client: Int, Amendment, target: Int)
    /// Another entry of clouds.yaml is used from now on.
    case use(client: Int, entry: Int)
    /// The entry that is used is edited: from now on it leads elsewhere.
    case edit(client: Int, region: Region, account: String)
    /// Two entries of clouds.yaml are swapped.
    case swapEntries(client: Int)
    /// What another client's database knows is taken into the history.
    case importFrom(client: Int, other: Int)
}

/// Which fields change together.
package struct Amendment: Sendable, Hashable {
    var name: String?
    var endMinutes: Int?
    /// The number of hosts, or of whatever else the first reservations have.
    var counts: [Int]
}

extension Action {
    /// Whose computer it is about, if anybody's.
    var owner: Int? {
        switch self {
        case .setClock(let client, _), .lookalike(let client, _), .use(let client, _), .edit(let client, _, _),
            .swapEntries(let client):
            client
        default: client
        }
    }

    /// Whose database it works on, if anybody's.
    var client: Int? {
        switch self {
        case .create(let client, _), .change(let client, _, _, _), .decide(let client, _, _), .sync(let client, _, _),
            .push(let client, _), .other(let client), .amend(let client, _, _), .importFrom(let client, _),
            .command(let client, _, _, _):
            client
        case .setClock, .reap, .strangerCreates, .strangerChanges, .lookalike, .use, .edit, .swapEntries: nil
        }
    }
}

/// What a person decides about a mutation.
package enum Decision: String, Sendable, Hashable {
    case cancel, retry, edit, mine, theirs, values
    /// About an ambiguous creation, by somebody who knows which lease it became.
    case identify
    /// A write of which nobody knows yet whether it was carried out.
    case giveUp

    static let usual: [Decision] = [.cancel, .retry, .edit, .mine, .theirs, .values, .identify]
}

/// A draft before it is known what time it is.
package struct DraftPlan: Sendable, Hashable {
    var name: String
    /// Minutes from now, on the asker's clock; `nil` for `now`.
    var startMinutes: Int?
    var hours: Int
    var kind: ReservationKind
    var lateStart: LateStartPolicy?
    var notAfterMinutes: Int?
    var retryUntilMinutes: Int?
}

extension DraftPlan {
    /// The draft of somebody whose clock shows that time. Ends are round, so that two people easily ask for the same.
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

/// What goes wrong at an exchange.
package enum Fault: Sendable, Hashable {
    /// There is no connection.
    case noConnection
    /// The request is lost on its way: no answer.
    case requestLost
    /// It is carried out, and the answer is lost; or comes when nobody waits for it any more.
    case answerLost
    /// It is carried out so many seconds later, and nobody waits for the answer.
    case carriedOutLater(seconds: Int64)
    /// The manager hangs: 500 after a minute, and carried out later.
    case hang(seconds: Int64)
    /// The answer stops in the middle.
    case truncated
    /// It arrives twice.
    case duplicated
    /// Something in between answers with a page.
    case page(status: Int, isCarriedOut: Bool)
    /// The server refuses, and does nothing.
    case refused(status: Int, retryAfterSeconds: Int?)
    /// The server says that there is too little capacity.
    case capacity
    /// The server fails with this status, before or after it has done its work.
    case failure(status: Int, isCarriedOut: Bool)
    /// The token is taken back before the request is answered.
    case tokenRevoked
    /// The process dies before the request leaves, or before the answer is looked at.
    case crash(isCarriedOut: Bool)
    /// The transport fails in one of its ways, which says nothing about whether the server did anything.
    case transport(TransportError.Kind, Reach)
    /// The server refuses for now, with whatever it says about when to come again.
    case absurdRetry(status: Int, retryAfter: String)
    /// The answer's date is so many seconds off, or cannot be read.
    case wrongDate(secondsOff: Int64?)
    /// The answer has something absurd in one place.
    case absurd(AbsurdPlace, String)
    /// Somebody does something before the request, or after it was carried out and before the answer arrives.
    case meanwhile(Interlude, isCarriedOut: Bool)
}

/// How far a request gets on a connection that fails.
package enum Reach: Sendable, Hashable, CaseIterable {
    /// No byte of it leaves.
    case unsent
    /// It leaves, and never arrives.
    case sent
    /// The server carries it out.
    case carriedOut
}

/// Something that happens during somebody else's exchange.
package struct Interlude: Sendable, Hashable {
    let action: InterludeAction
}

/// The actions that need no exchanges that go wrong themselves.
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
