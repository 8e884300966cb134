package import BlazarModel
package import LeaseModel
package import OpenStackClient
import Synchronization

/// A model of Blazar behind a transport in memory, with a clock that tests move, and faults that happen once each.
package final class QueueCloud: HTTPTransport {
    /// What goes wrong with one request.
    package enum Fault: Sendable {
        /// It was never sent.
        case unreachable
        /// It failed in this way before it was sent.
        case failedBefore(TransportError.Kind)
        /// It was carried out, and then failed in this way.
        case failedAfter(TransportError.Kind)
        /// It was sent, and lost on the way.
        case cut
        /// It was carried out, and the answer was lost.
        case lost
        /// It was carried out, and the answer broke off in the middle.
        case truncated
        /// An intermediary answers.
        case answer(Int, HTTPFields, String)

        package static func refusal(
            _ status: Int, _ message: String, _ headers: HTTPFields = [:]
        ) -> Fault {
            var headers = headers
            headers["content-type"] = "application/json"
            headers["x-openstack-request-id"] = "req-fault"
            return .answer(
                status, headers,
                #"{"error_code": \#(status), "error_message": "\#(message)", "error_name": \#(status)}"#)
        }
        package static let page = Fault.answer(
            200, ["content-type": "text/html"], "<!DOCTYPE html><title>Sign in</title>")
    }

    private struct State {
        var model: BlazarModel
        var seconds: Int64 = 0
        var serverSkew: Int64 = 0
        var faults: [(line: String, passes: Int, fault: Fault)] = []
        var dropsEvents = false
        var asked: [String] = []
        var logins = 0
        var bodies: [JSONValue] = []
    }

    private let state: Mutex<State>
    package static let start = Timestamp(secondsSince1970: 1_800_000_000)

    package init(_ dialect: Dialect = .upstream) {
        state = Mutex(State(model: BlazarModel(dialect: dialect, seed: 1, start: Self.start)))
    }

    // MARK: - For tests

    package var now: Timestamp { state.withLock { Self.start.adding(seconds: $0.seconds) } }
    package func advance(_ seconds: Int64) { state.withLock { $0.seconds += seconds } }
    /// Sets this machine's clock, but not the server's.
    package func setClock(by seconds: Int64) {
        state.withLock {
            $0.seconds += seconds
            $0.serverSkew -= seconds
        }
    }
    /// Lets the next request fail that has this method, or this method and beginning of its path.
    package func fail(_ line: String, _ fault: Fault) { fail(line, after: 0, fault) }
    /// Lets such a request fail after a number of others of the same kind.
    package func fail(_ line: String, after passes: Int, _ fault: Fault) {
        state.withLock { $0.faults.append((line, passes, fault)) }
    }
    /// Lets nothing fail any more.
    package func forgetFaults() { state.withLock { $0.faults = [] } }
    package func dropEvents() { state.withLock { $0.dropsEvents = true } }
    package func change(_ body: (inout BlazarModel) -> Void) { state.withLock { body(&$0.model) } }

    /// The requests to Blazar so far, as `METHOD /path`.
    package var asked: [String] { state.withLock(\.asked) }
    /// The number of requests for a token so far.
    package var logins: Int { state.withLock(\.logins) }
    package func forget() { state.withLock { $0.asked = [] } }
    /// The bodies of the creations that arrived.
    package var bodies: [JSONValue] { state.withLock(\.bodies) }
    package func count(_ method: String) -> Int { asked.count { $0.hasPrefix(method + " ") } }

    /// The leases that the server has, of all projects.
    package func leases() -> [BlazarLease] {
        let answer = direct("GET", "/v1/leases", as: "admin")
        let list = (try? answer.json())?["leases"]?.arrayValue ?? []
        return list.compactMap { $0.objectValue.flatMap { try? BlazarLease(json: $0) } }
    }

    /// Sends a request as another account, without faults.
    @discardableResult
    package func direct(_ method: String, _ path: String, _ body: JSONValue? = nil, as account: String = "user1")
        -> ModelResponse
    {
        state.withLock { state in
            let moment = Self.start.adding(seconds: state.seconds + state.serverSkew)
            guard
                case .password(let user, let password, _)? = state.model.accounts.first(where: { $0.name == account })?
                    .proof
            else { return ModelResponse(status: 0) }
            let proof: JSONValue = [
                "auth": [
                    "identity": [
                        "methods": ["password"],
                        "password": [
                            "user": [
                                "name": .string(user), "password": .string(password), "domain": ["id": "default"],
                            ]
                        ],
                    ]
                ]
            ]
            let login = state.model.handle(
                ModelRequest(method: "POST", target: "/identity/v3/auth/tokens", body: Array(proof.text().utf8)),
                at: moment)
            return state.model.handle(
                ModelRequest(
                    method: method, target: path,
                    headers: [
                        ("X-Auth-Token", login.header("X-Subject-Token") ?? ""), ("Content-Type", "application/json"),
                        ("Accept", "application/json"),
                    ], body: body.map { Array($0.text().utf8) } ?? []), at: moment)
        }
    }

    // MARK: - HTTPTransport

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPReply {
        let result: Result<HTTPReply, TransportError> = state.withLock { Self.answer(request, &$0) }
        return try result.get()
    }

    private static func answer(_ request: HTTPRequest, _ state: inout State) -> Result<HTTPReply, TransportError> {
        let path = "/" + request.url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)[3]
        let line = "\(request.method) \(path)"
        let isBlazar = path.hasPrefix("/v1/")
        if isBlazar { state.asked.append(line) }
        if line.hasPrefix("POST "), line.hasSuffix("/auth/tokens") { state.logins += 1 }
        var fault: Fault?
        if let index = state.faults.firstIndex(where: { line.hasPrefix($0.line) }) {
            if state.faults[index].passes > 0 {
                state.faults[index].passes -= 1
            } else {
                fault = state.faults.remove(at: index).fault
            }
        }
        switch fault {
        case .unreachable: return .failure(TransportError(kind: .cannotConnect, phase: .beforeSending, detail: "fault"))
        case .failedBefore(let kind):
            return .failure(TransportError(kind: kind, phase: .beforeSending, detail: "fault"))
        case .cut: return .failure(TransportError(kind: .closedEarly, phase: .underWay, detail: "fault"))
        case .answer(let status, let headers, let body):
            return .success(HTTPReply(status: status, headers: headers, body: Self.body(Array(body.utf8), false)))
        case .lost, .truncated, .failedAfter, nil: break
        }
        var body = request.body ?? []
        if isBlazar, request.method == "POST", var lease = (try? JSONValue(parsing: body))?.objectValue {
            state.bodies.append(.object(lease))
            if state.dropsEvents { _ = lease.remove("events") }
            body = Array(JSONValue.object(lease).text().utf8)
        }
        let reply = state.model.handle(
            ModelRequest(
                method: request.method, target: path, headers: request.headers.fields.map { ($0.name, $0.value) },
                body: body), at: Self.start.adding(seconds: state.seconds + state.serverSkew))
        if case .failedAfter(let kind) = fault {
            return .failure(TransportError(kind: kind, phase: .underWay, detail: "fault"))
        }
        if case .lost = fault { return .failure(TransportError(kind: .closedEarly, phase: .underWay, detail: "fault")) }
        var headers = HTTPFields()
        for header in reply.headers { headers.add(header.name, header.value) }
        var isWhole = true
        if case .truncated = fault { isWhole = false }
        let bytes = isWhole ? reply.body : Array(reply.body.prefix(reply.body.count / 2))
        return .success(HTTPReply(status: reply.status, headers: headers, body: Self.body(bytes, !isWhole)))
    }

    private static func body(_ bytes: [UInt8], _ breaksOff: Bool) -> HTTPBody {
        HTTPBody {
            let rest = Mutex<[UInt8]?>(bytes)
            return { () async throws(TransportError) in
                let part = rest.withLock { rest in
                    defer { rest = nil }
                    return rest
                }
                if let part, !part.isEmpty { return part }
                if breaksOff { throw TransportError(kind: .closedEarly, phase: .underWay, detail: "fault") }
                return nil
            }
        }
    }
}
