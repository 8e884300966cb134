import BlazarModel
import LeaseModel
import LeaseStore
import OpenStackClient
import Synchronization

/// The transport to the simulated cloud, with the planned faults.
final class FaultyTransport: HTTPTransport {
    private let world: World
    private let mutant: Mutant?
    private let errand = Mutex<Errand?>(nil)

    init(world: World, mutant: Mutant?) {
        self.world = world
        self.mutant = mutant
    }

    /// Sets the errand of the next exchanges.
    func serve(_ errand: Errand?) { self.errand.withLock { $0 = errand } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPReply {
        guard let errand = errand.withLock({ $0 }), !errand.isDead else { throw Self.error(.cancelled, .beforeSending) }
        let (number, fault) = errand.nextExchange()
        guard number < Errand.maxExchanges else {
            world.violate("a task of client \(errand.client) does not end: \(number) exchanges")
            throw Self.error(.cancelled, .beforeSending)
        }
        world.pass(seconds: errand.latencySeconds)
        let exchange = Exchange(world: world, errand: errand, request: request, number: number, mutant: mutant)
        do throws(TransportError) {
            let reply = try await exchange.carryOut(fault)
            world.note("  \(number): \(exchange.summary) -> \(reply.status) \(fault.map { "[\($0)]" } ?? "")")
            return reply
        } catch {
            world.note("  \(number): \(exchange.summary) -> \(error.kind) \(fault.map { "[\($0)]" } ?? "")")
            guard mutant == .kindInsteadOfPhase else { throw error }
            // Guess from the kind of error how far the request got.
            let seemsUnsent = [.cannotResolve, .cannotConnect, .tlsFailed, .tlsBroken, .notHTTP].contains(error.kind)
            throw Self.error(error.kind, seemsUnsent ? .beforeSending : .underWay)
        }
    }

    static func error(_ kind: TransportError.Kind, _ phase: TransportError.Phase) -> TransportError {
        TransportError(kind: kind, phase: phase, detail: "simulated")
    }
}

/// A request on its way, and its answer.
struct Exchange: Sendable {
    let world: World
    let errand: Errand
    let request: HTTPRequest
    let number: Int
    let mutant: Mutant?

    private var target: String {
        let target = String(request.url.dropFirst(World.origin.count))
        guard mutant == .wrongCloud, request.method != "GET", world.regions.count > 1,
            !target.hasPrefix("/identity")
        else { return target }
        // The other region gets it.
        return target.hasPrefix(Region.two.path)
            ? String(target.dropFirst(Region.two.path.count)) : Region.two.path + target
    }

    /// The destination of a write, from its region and token.
    private var destination: Destination? {
        guard ["POST", "PUT", "DELETE"].contains(request.method), target.contains("/reservation/v1/leases"),
            let token = request.headers["X-Auth-Token"], let project = world.projectID(ofToken: token)
        else { return nil }
        return Destination(
            region: target.hasPrefix(Region.two.path + "/") ? Region.two.name : Region.one.name, projectID: project)
    }

    /// The id of the lease in the path.
    private var leaseID: String? {
        let parts = target.split(separator: "/").map(String.init)
        guard parts.suffix(2).first == "leases" else { return nil }
        return parts.last
    }

    var summary: String {
        let body = request.body.map { " \($0.count) bytes" } ?? ""
        return "\(request.method) \(target)\(body)"
    }

    private var modelRequest: ModelRequest {
        ModelRequest(
            method: request.method, target: target, headers: request.headers.fields.map { ($0.name, $0.value) },
            body: request.body ?? [])
    }

    /// The write that a creation is for: the one being sent, according to the database.
    private var draft: World.DraftKey? {
        guard request.method == "POST", target.hasSuffix("/reservation/v1/leases") else { return nil }
        let creations = ((try? errand.store.mutations(scopes: nil, includesFinal: true)) ?? []).filter {
            $0.verb == .create
        }
        // A process that died may have left another one unfinished.
        let underWay = creations.filter { $0.state == .sending }
        let sending = underWay.first { carries($0.token) } ?? underWay.first { $0.leaseName == name } ?? underWay.first
        let found = sending ?? creations.first { $0.body["name"]?.stringValue == name }
        return found.map { World.DraftKey(client: errand.client, mutation: $0.id) }
    }

    /// Whether the request has the token of a creation.
    private func carries(_ token: String?) -> Bool {
        guard let token else { return false }
        return String(decoding: request.body ?? [], as: UTF8.self).contains(token)
    }

    /// The name of the requested lease.
    private var name: String? { (try? JSONValue(parsing: request.body ?? []))?["name"]?.stringValue }

    /// The change that a request is for.
    private var change: Mutation? {
        guard ["PUT", "DELETE"].contains(request.method), let leaseID else { return nil }
        return ((try? errand.store.mutations(scopes: nil, includesFinal: true)) ?? []).first {
            $0.state == .sending && $0.leaseID == leaseID
        }
    }

    /// The answer to a read before a change, which a mutant replaces with what the mirror has.
    private func staleLook() -> HTTPReply? {
        // Other reads, and those after something was sent, are answered normally.
        guard mutant == .skipsLook, request.method == "GET", let leaseID, !errand.hasWritten, world.exists(leaseID),
            (try? errand.store.mutations(scopes: nil, includesFinal: false))?.contains(where: {
                $0.leaseID == leaseID && $0.state == .queued
            }) == true,
            let known = try? errand.store.leases(LeaseFilter()).first(where: { $0.lease.id == leaseID })
        else { return nil }
        let body: JSONValue = ["lease": .object(known.lease.json())]
        return HTTPReply(
            status: 200, headers: ["Content-Type": "application/json"],
            body: Self.body(Array(body.text().utf8), isWhole: true))
    }

    func carryOut(_ fault: Fault?) async throws(TransportError) -> HTTPReply {
        let draft = draft
        if let draft, let name { world.leaves(draft, name: name) }
        if let destination {
            let sender = draft?.mutation ?? change?.id
            errand.writes()
            errand.onWrite(destination, sender, summary)
        }
        if let leaseID, request.method == "GET" { errand.looks(at: leaseID, world.lease(leaseID)) }
        if let stale = staleLook() { return stale }
        switch fault {
        case nil: return reply(execute(draft))
        case .noConnection: throw FaultyTransport.error(.cannotConnect, .beforeSending)
        case .requestLost: throw timeout()
        case .answerLost:
            _ = execute(draft)
            throw timeout()
        case .carriedOutLater(let seconds):
            world.later(modelRequest, seconds: seconds, draft: draft)
            throw timeout()
        case .hang(let seconds):
            world.later(modelRequest, seconds: 60 + seconds, draft: draft)
            world.pass(seconds: 60)
            return Self.refusal(500, "Internal Server Error", "INTERNAL_SERVER_ERROR")
        case .truncated:
            let response = execute(draft)
            return reply(response, bytes: Array(response.body.prefix(response.contentLength * 2 / 3)), isWhole: false)
        case .duplicated:
            let first = execute(draft)
            let second = execute(draft)
            // The client gets the first answer if the request must not be repeated.
            return reply(request.method == "POST" ? first : second)
        case .page(let status, let isCarriedOut):
            if isCarriedOut { _ = execute(draft) }
            return Self.page(status)
        case .refused(let status, let retryAfter):
            return Self.refusal(
                status, status == 403 ? "Policy doesn't allow blazar to be performed." : "Refused.", "REFUSED",
                retryAfter: retryAfter.map(String.init))
        case .capacity: return Self.refusal(500, "Not enough hosts available", "NOT_ENOUGH_HOSTS_AVAILABLE")
        case .failure(let status, let isCarriedOut):
            if isCarriedOut { _ = execute(draft) }
            return Self.refusal(status, "Internal Server Error", "INTERNAL_SERVER_ERROR")
        case .tokenRevoked:
            revokeToken()
            return reply(execute(draft))
        case .crash(let isCarriedOut):
            if isCarriedOut { _ = execute(draft) }
            errand.die()
            throw FaultyTransport.error(.cancelled, .underWay)
        case .transport(let kind, let reach):
            if reach == .carriedOut { _ = execute(draft) }
            if kind == .timedOut { world.pass(seconds: Int64(request.timeouts.idleSeconds)) }
            throw FaultyTransport.error(kind, reach == .unsent ? .beforeSending : .underWay)
        case .absurdRetry(let status, let retryAfter):
            return Self.refusal(status, "Refused.", "REFUSED", retryAfter: retryAfter)
        case .wrongDate(let secondsOff):
            if target.hasPrefix("/identity") { world.misleads() }
            var response = execute(draft)
            response.headers.removeAll { $0.name == "Date" }
            response.headers.append(
                ("Date", secondsOff.map { world.now.adding(seconds: $0).httpDate } ?? "the day after tomorrow"))
            return reply(response)
        case .absurd(let place, let text):
            if target.hasPrefix("/identity") { world.misleads() }
            var response = execute(draft)
            if place.isHeader {
                response.headers.removeAll { $0.name == place.rawValue }
                response.headers.append((place.rawValue, text))
                return reply(response)
            }
            guard let value = try? JSONValue(parsing: response.body) else { return reply(response) }
            return reply(response, bytes: Array(value.replacing(place.rawValue, with: text).text().utf8))
        case .meanwhile(let interlude, let isCarriedOut):
            guard isCarriedOut else {
                await errand.interlude(interlude.action.action)
                return reply(execute(self.draft))
            }
            let response = execute(draft)
            await errand.interlude(interlude.action.action)
            return reply(response)
        }
    }

    private func execute(_ draft: World.DraftKey?) -> ModelResponse {
        if request.method == "PUT", let leaseID, let change {
            errand.onChange(change, errand.isAsSeen(leaseID, world.lease(leaseID)), world.lease(leaseID))
        }
        return world.carryOut(modelRequest, draft: draft, exchange: errand.number * 1_000 + number)
    }

    private func timeout() -> TransportError {
        world.pass(seconds: Int64(request.timeouts.idleSeconds))
        return FaultyTransport.error(.timedOut, .underWay)
    }

    private func revokeToken() {
        guard let token = request.headers["X-Auth-Token"] else { return }
        _ = world.carryOut(
            ModelRequest(
                method: "DELETE", target: "/identity/v3/auth/tokens",
                headers: [("X-Auth-Token", token), ("X-Subject-Token", token)]), draft: nil)
    }

    // MARK: - Replies

    private func reply(_ response: ModelResponse, bytes: [UInt8]? = nil, isWhole: Bool = true) -> HTTPReply {
        var headers = HTTPFields()
        for (name, value) in response.headers { headers.add(name, value) }
        return HTTPReply(
            status: response.status, headers: headers, body: Self.body(bytes ?? response.body, isWhole: isWhole))
    }

    private static func refusal(
        _ status: Int, _ message: String, _ name: String, retryAfter: String? = nil
    ) -> HTTPReply {
        var headers: HTTPFields = ["Content-Type": "application/json"]
        if let retryAfter { headers.add("Retry-After", retryAfter) }
        let value: JSONValue = [
            "error_code": JSONValue(status), "error_message": .string(message), "error_name": .string(name),
        ]
        return HTTPReply(status: status, headers: headers, body: body(Array(value.text().utf8), isWhole: true))
    }

    private static func page(_ status: Int) -> HTTPReply {
        HTTPReply(
            status: status, headers: ["Content-Type": "text/html"],
            body: body(Array("<html><title>Log in to the guest network</title></html>".utf8), isWhole: true))
    }

    /// A body in two parts, which then ends or breaks off.
    private static func body(_ bytes: [UInt8], isWhole: Bool) -> HTTPBody {
        HTTPBody {
            let parts = Parts([Array(bytes.prefix(bytes.count / 2)), Array(bytes.dropFirst(bytes.count / 2))])
            return { () async throws(TransportError) -> [UInt8]? in
                if let part = parts.next() { return part }
                guard isWhole else { throw FaultyTransport.error(.closedEarly, .underWay) }
                return nil
            }
        }
    }

    private final class Parts: Sendable {
        private let left: Mutex<[[UInt8]]>
        init(_ parts: [[UInt8]]) { left = Mutex(parts.filter { !$0.isEmpty }) }
        func next() -> [UInt8]? { left.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    }
}

extension JSONValue {
    /// The same with other text in every member of the given name that is a text or a number.
    fileprivate func replacing(_ name: String, with text: String) -> JSONValue {
        if let object = objectValue {
            return .object(
                JSONObject(
                    object.members.map { key, value in
                        let isPlain = value.objectValue == nil && value.arrayValue == nil
                        return (key, key == name && isPlain ? .string(text) : value.replacing(name, with: text))
                    }))
        }
        if let array = arrayValue { return .array(array.map { $0.replacing(name, with: text) }) }
        return self
    }
}
