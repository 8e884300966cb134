import BlazarModel
import LeaseModel
import Synchronization

/// The cloud, its time, and the requests on their way to it.
///
/// Everything runs one after the other; the lock is needed because the engine and the simulation pass values between
/// tasks.
final class World: Sendable {
    /// A request that will be carried out later, though nobody waits for it.
    struct Straggler: Sendable {
        let moment: Timestamp
        let request: ModelRequest
        let draft: DraftKey?
    }

    /// A client's write: what a POST was for.
    struct DraftKey: Hashable, Sendable {
        let client: Int
        let mutation: Int64
    }

    /// A lease that a draft's POST created.
    struct Creation: Sendable {
        let draft: DraftKey
        let leaseID: String
        /// Copies of one request made by the network are not the client's fault.
        let exchange: Int
    }

    /// What distinguishes leases if the server drops events.
    struct Looks: Hashable, Sendable {
        let client: Int
        let name: String
    }

    struct State: Sendable {
        /// One Blazar per region; the first has the Keystone of both.
        var models: [BlazarModel]
        var stragglers: [Straggler] = []
        var creations: [Creation] = []
        var exchanges = 0
        /// The number of requests to change anything.
        var changes = 0
        /// Whether a login's answer has contained a wrong time.
        var hasMisled = false
        var trace: [String] = []
        var violation: String?
        /// Leases that somebody changed before their requester had seen them.
        var changedUnseen: Set<String> = []
        /// The drafts that were sent with the same looks.
        var drafts: [Looks: Set<DraftKey>] = [:]
        /// The drafts that a person wants made again, because somebody has deleted their leases.
        var wantedAgain: Set<DraftKey> = []
    }

    private let state: Mutex<State>
    let keepsEvents: Bool
    let regions: [Region]
    private let isTracing: Bool
    /// Asks a client whether its database ever had a lease.
    let knows: Mutex<(@Sendable (_ client: Int, _ leaseID: String) -> Bool)?> = Mutex(nil)

    static let start = Timestamp(secondsSince1970: 1_795_363_980)
    static let origin = "http://cloud.test"

    init(_ scenario: Scenario, isTracing: Bool) {
        regions = scenario.hasTwoRegions ? [.one, .two] : [.one]
        let models = regions.map { region in
            var endpoints = ModelEndpoints(origin: Self.origin)
            if scenario.hasTwoRegions {
                endpoints.otherRegions = [(Region.two.name, Self.origin + Region.two.path + "/reservation/v1")]
            }
            var model = BlazarModel(
                dialect: scenario.dialect, seed: scenario.seed ^ UInt64(region.rawValue) << 40, start: Self.start,
                endpoints: endpoints)
            model.policy.tokenSeconds = scenario.tokenSeconds
            model.policy.actionSeconds = scenario.actionSeconds
            return model
        }
        state = Mutex(State(models: models))
        keepsEvents = scenario.keepsEvents
        self.isTracing = isTracing
    }

    // MARK: - The record

    var violation: String? { state.withLock { $0.violation } }
    var trace: [String] { state.withLock { $0.trace } }
    var creations: [Creation] { state.withLock { $0.creations } }
    var exchanges: Int { state.withLock { $0.exchanges } }

    var hasMisled: Bool { state.withLock { $0.hasMisled } }
    func misleads() { state.withLock { $0.hasMisled = true } }

    /// Records a broken rule; only the first one counts.
    func violate(_ text: String) {
        state.withLock {
            if $0.violation == nil { $0.violation = text }
        }
        note("VIOLATION: \(text)")
    }

    func note(_ line: @autoclosure () -> String) {
        guard isTracing else { return }
        let text = line()
        state.withLock { $0.trace.append(text) }
    }

    // MARK: - Time

    /// As long as this is equal, nothing at the server has changed.
    struct Moment: Hashable, Sendable {
        let time: Timestamp
        let changes: Int
    }

    var moment: Moment { state.withLock { Moment(time: $0.models[0].now, changes: $0.changes) } }

    var now: Timestamp { state.withLock { $0.models[0].now } }

    /// Advances the time; delayed requests arrive in order.
    func pass(seconds: Int64) {
        let end = now.adding(seconds: max(0, seconds))
        while true {
            let next = state.withLock { state -> Straggler? in
                guard
                    let index = state.stragglers.indices.filter({ state.stragglers[$0].moment <= end }).min(by: {
                        (state.stragglers[$0].moment, $0) < (state.stragglers[$1].moment, $1)
                    })
                else { return nil }
                return state.stragglers.remove(at: index)
            }
            guard let next else { break }
            state.withLock { $0.advance(to: max($0.models[0].now, next.moment)) }
            let response = carryOut(next.request, draft: next.draft)
            note("  late: \(next.request.method) \(next.request.target) -> \(response.status)")
        }
        state.withLock { $0.advance(to: end) }
    }

    var hasStragglers: Bool { state.withLock { !$0.stragglers.isEmpty } }

    func later(_ request: ModelRequest, seconds: Int64, draft: DraftKey?) {
        state.withLock {
            $0.stragglers.append(
                Straggler(moment: $0.models[0].now.adding(seconds: seconds), request: request, draft: draft))
        }
    }

    // MARK: - Requests

    /// Carries out a request.
    func carryOut(_ request: ModelRequest, draft: DraftKey?, exchange: Int? = nil) -> ModelResponse {
        var request = request
        let isCreation = request.method == "POST" && request.target.hasSuffix("/reservation/v1/leases")
        if isCreation, !keepsEvents, var body = (try? JSONValue(parsing: request.body))?.objectValue {
            _ = body.remove("events")
            request.body = Array(JSONValue.object(body).text().utf8)
        }
        let sent = request
        let (response, number) = state.withLock { state -> (ModelResponse, Int) in
            state.exchanges += 1
            state.changes += sent.method == "GET" || sent.target.hasPrefix("/identity") ? 0 : 1
            return (state.handle(sent), exchange ?? -state.exchanges)
        }
        noteChange(request.method, request.target)
        if isCreation, response.status == 201, let draft,
            let id = (try? response.json())?["lease"]?["id"]?.stringValue
        {
            created(id, draft, exchange: number)
        }
        return response
    }

    /// Two leases for one draft are one too many, as are three for two indistinguishable drafts.
    ///
    /// The exceptions: somebody else deleted the first lease at the server before any of this client's lists had it.
    /// Then nothing shows that it ever existed. Or a person knew that it was gone, and wanted another.
    private func created(_ id: String, _ draft: DraftKey, exchange: Int) {
        let group = group(of: draft)
        let earlier = creations.filter { group.contains($0.draft) && $0.exchange != exchange && isFindable($0) }
        state.withLock { $0.creations.append(Creation(draft: draft, leaseID: id, exchange: exchange)) }
        let allowed = group.count + wantedAgain.intersection(group).count
        guard let one = earlier.first, Set(earlier.map(\.exchange)).count >= allowed else { return }
        violate(
            group.count == 1
                ? "draft \(draft.client)#\(draft.mutation) became two leases: \(one.leaseID) and \(id)"
                : "\(group.count) drafts became more leases than that: \(earlier.map(\.leaseID)) and \(id)")
    }

    /// Records that a request for a draft is about to be sent.
    func leaves(_ draft: DraftKey, name: String) {
        guard !keepsEvents else { return }
        state.withLock { _ = $0.drafts[Looks(client: draft.client, name: name), default: []].insert(draft) }
    }

    /// The drafts whose leases cannot be distinguished from this one's, including itself.
    func group(of draft: DraftKey) -> Set<DraftKey> {
        state.withLock { state in
            state.drafts.values.filter { $0.contains(draft) }.reduce(into: [draft]) { $0.formUnion($1) }
        }
    }

    /// The drafts that a person wants made again, because somebody has deleted their leases.
    var wantedAgain: Set<DraftKey> { state.withLock { $0.wantedAgain } }

    /// A person knows that the lease of a draft is gone, and wants another.
    func wantAgain(_ draft: DraftKey) { state.withLock { _ = $0.wantedAgain.insert(draft) } }

    /// Whether a client could have found out that a lease was created for its draft.
    ///
    /// It could not if the lease was deleted before any of the client's lists had it. If the server drops events, it
    /// could not either if somebody changed the lease before, because only its looks identify it.
    func isFindable(_ creation: Creation) -> Bool {
        if !keepsEvents, state.withLock({ $0.changedUnseen.contains(creation.leaseID) }) { return false }
        return exists(creation.leaseID) || isKnown(creation)
    }

    private func isKnown(_ creation: Creation) -> Bool {
        knows.withLock { $0 }?(creation.draft.client, creation.leaseID) ?? true
    }

    private func noteChange(_ method: String, _ target: String) {
        guard method == "PUT", let id = target.split(separator: "/").last.map(String.init),
            let creation = creations.first(where: { $0.leaseID == id }), !isKnown(creation)
        else { return }
        state.withLock { _ = $0.changedUnseen.insert(id) }
    }

    // MARK: - The operator's view

    /// Whether the server has a lease.
    func exists(_ id: String) -> Bool { state.withLock { $0.models.contains { $0.hasLease(id) } } }

    /// The region that has a lease.
    func region(of lease: String) -> Region? {
        state.withLock { state in regions.first { state.models[$0.rawValue].hasLease(lease) } }
    }

    /// The project of a token.
    func projectID(ofToken token: String) -> String? { state.withLock { $0.models[0].projectID(ofToken: token) } }

    /// Sends a request as an administrator, to a copy of the cloud.
    func peek(_ method: String, _ path: String, as account: String = "admin", in region: Region) -> ModelResponse {
        var copy = state.withLock { $0.models[region.rawValue] }
        return Self.send(&copy, method, path, nil, as: account)
    }

    /// A lease as the server has it.
    func lease(_ id: String) -> BlazarLease? {
        guard let region = region(of: id),
            let object = (try? peek("GET", "/leases/" + id, in: region).json())?["lease"]?.objectValue
        else { return nil }
        return try? BlazarLease(json: object)
    }

    /// Sends a request as somebody who does not use Leasehold.
    @discardableResult
    func act(
        _ method: String, _ path: String, _ body: JSONValue? = nil, as account: String, in region: Region = .one
    ) -> ModelResponse {
        noteChange(method, path)
        return state.withLock {
            $0.changes += 1
            return Self.send(&$0.models[region.rawValue], method, path, body, as: account)
        }
    }

    /// The leases that an account sees in all regions.
    func leases(as account: String) -> [BlazarLease] { regions.flatMap { leases(as: account, in: $0) } }

    private static func send(
        _ model: inout BlazarModel, _ method: String, _ path: String, _ body: JSONValue?, as account: String
    ) -> ModelResponse {
        let user: JSONValue = [
            "name": .string(account), "password": "sandbox-password", "domain": ["id": "default"],
        ]
        let login: JSONValue = ["auth": ["identity": ["methods": ["password"], "password": ["user": user]]]]
        let token = model.handle(
            ModelRequest(method: "POST", target: "/identity/v3/auth/tokens", body: Array(login.text().utf8)),
            at: model.now
        ).header("X-Subject-Token")
        return model.handle(
            ModelRequest(
                method: method, target: "/reservation/v1" + path, headers: [("X-Auth-Token", token ?? "")],
                body: body.map { Array($0.text().utf8) } ?? []), at: model.now)
    }

    /// The leases that an account sees, as the server lists them.
    func leases(as account: String, in region: Region) -> [BlazarLease] {
        let list = (try? peek("GET", "/leases", as: account, in: region).json())?["leases"]?.arrayValue ?? []
        return list.compactMap { value in value.objectValue.flatMap { try? BlazarLease(json: $0) } }
    }
}

extension World.State {
    mutating func advance(to moment: Timestamp) {
        for index in models.indices { models[index].advance(to: moment) }
    }

    /// Passes a request to its region.
    mutating func handle(_ request: ModelRequest) -> ModelResponse {
        guard models.count > 1, request.target.hasPrefix(Region.two.path + "/") else {
            return models[0].handle(request, at: models[0].now)
        }
        var request = request
        request.target = String(request.target.dropFirst(Region.two.path.count))
        models[1].shareIdentity(of: models[0])
        return models[1].handle(request, at: models[0].now)
    }
}
