import LeaseModel
import MirrorFixtures
import OpenStackClient
import Synchronization

/// A cloud in memory that answers like Blazar, unless a test sets another answer.
final class ScriptedCloud: ServiceSession {
    /// An answer on the wire.
    struct Answer: Sendable {
        var status = 200
        var headers: HTTPFields = ["content-type": "application/json", "x-openstack-request-id": "req-1"]
        var body = ""
        /// Whether the connection closes before the answer is complete.
        var breaksOff = false
        /// The error if the cloud cannot be reached.
        var error: ServiceError?

        static func json(_ body: String, status: Int = 200) -> Answer { Answer(status: status, body: body) }
        static func refusal(_ status: Int, _ message: String) -> Answer {
            json(
                #"{"error_code": \#(status), "error_message": "\#(message)", "error_name": \#(status)}"#, status: status
            )
        }
        static func page(_ title: String, status: Int = 200) -> Answer {
            Answer(
                status: status, headers: ["content-type": "text/html"],
                body: "<!DOCTYPE html><html><head><title>\(title)</title></head></html>")
        }
        static func failing(_ kind: ServiceError.Kind) -> Answer {
            Answer(error: ServiceError(kind: kind, message: "The cloud cannot be asked."))
        }
    }

    private struct State {
        var listed: [BlazarLease] = []
        var hidden: [BlazarLease] = []
        var answers: [String: Answer] = [:]
        var identity: Result<TokenIdentity, ServiceError>
        var asked: [String] = []
        var isClosed = false
    }

    private let state: Mutex<State>
    private let beforeAnswer: @Sendable (String) async -> Void

    /// - Parameters:
    ///   - identity: the identity of the token.
    ///   - beforeAnswer: runs between each request, given as `METHOD /path`, and its answer.
    init(
        identity: TokenIdentity = ScriptedCloud.identity(),
        beforeAnswer: @escaping @Sendable (String) async -> Void = { _ in }
    ) {
        state = Mutex(State(identity: .success(identity)))
        self.beforeAnswer = beforeAnswer
    }

    static func identity(project: String = "p1", roles: Set<String> = ["member"], isConfigured: Bool = true)
        -> TokenIdentity
    {
        TokenIdentity(
            authURL: "http://cloud/v3", site: .success(SiteAddress(endpoint: "http://cloud/v3", region: "R")),
            userID: "u1", userName: "user u1", projectID: project,
            projectName: "project \(project)", roles: roles, expiresAt: StoreFixture.time(100_000),
            isApplicationCredential: false, isProjectConfigured: isConfigured)
    }

    // MARK: - Contents

    /// Sets the leases in the list.
    func list(_ leases: [BlazarLease]) { state.withLock { $0.listed = leases } }
    /// Sets leases that the list lacks, though they can be requested.
    func hide(_ leases: [BlazarLease]) { state.withLock { $0.hidden = leases } }
    /// Sets the answer to a request such as `GET /leases`; `nil` restores the default.
    func answer(_ request: String, _ answer: Answer?) { state.withLock { $0.answers[request] = answer } }
    func become(_ identity: Result<TokenIdentity, ServiceError>) { state.withLock { $0.identity = identity } }
    func close() { state.withLock { $0.isClosed = true } }

    /// The requests so far, in order.
    var asked: [String] { state.withLock(\.asked) }
    var isClosed: Bool { state.withLock(\.isClosed) }

    // MARK: - ServiceSession

    func identity() async throws(ServiceError) -> TokenIdentity { try state.withLock(\.identity).get() }

    func send(_ request: ServiceRequest) async throws(ServiceError) -> ServiceReply {
        // Upstream's Blazar ignores a query.
        let line = "\(request.method) \(request.path.prefix { $0 != "?" })"
        await beforeAnswer(line)
        let answer = state.withLock { state in
            state.asked.append(line)
            return state.answers[line] ?? Self.answer(line, listed: state.listed, all: state.listed + state.hidden)
        }
        if let error = answer.error { throw error }
        return ServiceReply(
            http: HTTPReply(status: answer.status, headers: answer.headers, body: Self.body(of: answer)),
            requestLine: "\(request.method) http://cloud\(request.path)")
    }

    private static func answer(_ line: String, listed: [BlazarLease], all: [BlazarLease]) -> Answer {
        let prefix = "GET /leases/"
        if line == "GET /leases" { return .json("{\"leases\": [\(listed.map(text).joined(separator: ", "))]}") }
        guard line.hasPrefix(prefix) else {
            return .json(
                #"{"error": 404, "error_message": "The requested URL was not found on the server."}"#, status: 404)
        }
        let id = String(line.dropFirst(prefix.count))
        if let lease = all.first(where: { $0.id == id }) { return .json("{\"lease\": \(text(lease))}") }
        return .refusal(404, "Object with {'lease_id': '\(id)'} not found")
    }

    static func text(_ lease: BlazarLease) -> String { JSONValue.object(lease.json()).text() }

    private static func body(of answer: Answer) -> HTTPBody {
        HTTPBody {
            let rest = Mutex(Array(answer.body.utf8)[...])
            return { () async throws(TransportError) in
                let part = rest.withLock { rest in
                    let part = Array(rest.prefix(1_000))
                    rest = rest.dropFirst(1_000)
                    return part
                }
                guard part.isEmpty else { return part }
                if answer.breaksOff { throw TransportError(kind: .closedEarly, phase: .underWay, detail: "") }
                return nil
            }
        }
    }
}
