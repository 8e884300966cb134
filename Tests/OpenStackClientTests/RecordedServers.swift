import Foundation
import LeaseModel
import OpenStackClient
import Synchronization
import Testing

/// Answers like the servers of a recording, at each address separately. Where the recording has nothing, it answers
/// like the servers of an ordinary login.
///
/// The requests and their order are compared with those of keystoneauth or ccauth. From requests that were recorded by
/// hand, only the replies are used.
final class RecordedServers: Sendable {
    let transport: ScriptedTransport
    private let memory: Memory

    private final class Memory: Sendable {
        let state: Mutex<State>
        init(_ state: State) { self.state = Mutex(state) }
    }

    private struct State {
        var left: [(index: Int, exchange: OpenIDExchange)]
        var ordinary: [String: OpenIDExchange]
        var latest = -1
        var refreshToken: String?
    }

    init(_ exchanges: [OpenIDExchange]) throws {
        let memory = Memory(
            State(left: exchanges.enumerated().map { ($0, $1) }, ordinary: try Self.ordinaryLogin()))
        self.memory = memory
        transport = ScriptedTransport { request in
            let place = Self.place(request.url)
            let (recorded, isLate, ordinary) = memory.state.withLock { state in
                guard let at = state.left.firstIndex(where: { Self.place($0.exchange.url) == place }) else {
                    return (OpenIDExchange?.none, false, state.ordinary[place])
                }
                let (index, exchange) = state.left.remove(at: at)
                let isLate = exchange.isByATool && index < state.latest
                if exchange.isByATool { state.latest = index }
                return (exchange, isLate, nil)
            }
            #expect(!isLate, "\(request) was recorded earlier")
            if let recorded, recorded.isByATool { Self.compare(request, recorded) }
            guard let exchange = recorded ?? ordinary else {
                return .json(599, #"{"error": {"message": "nothing was recorded"}}"#)
            }
            memory.state.withLock { state in
                if let token = (try? JSONValue(parsing: exchange.body))?["refresh_token"]?.stringValue {
                    state.refreshToken = token
                }
            }
            return exchange.reply
        }
    }

    /// The requests of the recording that have not been made.
    var left: [String] { memory.state.withLock { $0.left.map { "\($0.exchange.method) \($0.exchange.url)" } } }
    /// The newest refresh token that was issued.
    var refreshToken: String? { memory.state.withLock { $0.refreshToken } }

    /// A key for requests that ask the same question, whatever they are about.
    private static func place(_ url: String) -> String {
        let known = [
            "/.well-known/", "/auth/device", "/openid-connect/token", "/OS-FEDERATION/", "/auth/tokens",
            "/auth/projects", "/hub/api/", "/v1/leases",
        ]
        return known.first { url.contains($0) } ?? url
    }

    private static func ordinaryLogin() throws -> [String: OpenIDExchange] {
        let all =
            try OpenIDExchange.all("10-device-pending-then-success") + OpenIDExchange.all("31-auth-projects").prefix(1)
            + OpenIDExchange.all("64-openstack-lease-list").filter { $0.url.hasSuffix("/v1/leases") }
            + OpenIDExchange.all("70-jupyterhub").prefix(1)
        return Dictionary(all.filter { $0.status < 300 }.map { (place($0.url), $0) }) { $1 }
    }

    private static func compare(_ request: HTTPRequest, _ recorded: OpenIDExchange) {
        #expect(request.method == recorded.method)
        #expect(request.url == recorded.url)
        let sent = String(decoding: request.body ?? [], as: UTF8.self)
        if recorded.requestBody.hasPrefix("{") {
            #expect((try? JSONValue(parsing: sent)) == (try? JSONValue(parsing: recorded.requestBody)))
        } else {
            let hasProof =
                recorded.requestBody.contains("code_challenge=") || recorded.requestBody.contains("verifier=")
            #expect(fields(sent, withProof: hasProof) == fields(recorded.requestBody, withProof: true), "\(request)")
            #expect(request.headers["authorization"] == recorded.requestHeaders["authorization"])
        }
    }

    /// The fields of a form, in order. A proof key is used here whenever a provider offers it. Random values are
    /// compared by their length.
    private static func fields(_ form: String, withProof: Bool) -> [String] {
        form.replacing("+", with: "%20").split(separator: "&").compactMap { field in
            let name = String(field.split(separator: "=")[0])
            guard ["code_challenge", "code_verifier", "code_challenge_method"].contains(name) else {
                return String(field)
            }
            guard withProof else { return nil }
            return name == "code_challenge_method" ? String(field) : "\(name): \(field.count)"
        }
    }
}

/// One situation of a recording, and its expected outcome.
struct RecordedCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// A token for a project.
        case signedInTo(String)
        /// A token for a project, with which leases can be read.
        case reads
        /// A token for a project, and a warning about something that will fail later.
        case warned(String)
        /// The projects to choose from.
        case offered([String])
        case refused(ServiceError.Kind, LoginStep?, [String])

        static let signedIn = signedInTo("project1")
        /// A saved login is no longer valid, and there is nobody to ask.
        static let endedLogin = refused(
            .authentication, .provider, ["the login has ended: log in again: leasehold login"])
        static let stoppedByTheGateway = refused(.authentication, .federation, ["gateway before Keystone", "HTTP 401"])
    }

    let recording: String
    /// Which of the exchanges happen, not counting a browser's.
    let indexes: [Int]?
    let authType: String
    let settings: [String: String]
    let isPersonThere: Bool
    let outcome: Outcome
    var testDescription: String { "\(recording) \(indexes.map { "\($0)" } ?? "")" }

    /// The settings that differ from ccauth's clouds.yaml. An empty text removes a setting.
    init(
        _ recording: String, _ indexes: [Int]? = nil, as authType: String = "v3chameleonoidc",
        with settings: [String: String] = [:], asking isPersonThere: Bool = false, then outcome: Outcome
    ) {
        self.recording = recording
        self.indexes = indexes
        self.authType = authType
        self.settings = settings
        self.isPersonThere = isPersonThere
        self.outcome = outcome
    }

    func exchanges() throws -> [OpenIDExchange] {
        let all = try OpenIDExchange.all(recording).filter { !$0.isBrowser }
        guard let indexes else { return all }
        return try indexes.map { index in try #require(index < all.count ? all[index] : nil) }
    }

    /// The configuration that led to the recording, with the recording's placeholders for secrets.
    func cloud(in folder: TemporaryFolder, _ exchanges: [OpenIDExchange]) throws -> CloudConfiguration {
        var auth = [
            "auth_url": "http://127.0.0.1:15000/identity/v3", "identity_provider": "chameleon", "protocol": "openid",
            "client_id": "chi-cli-device-token", "openid_scope": "openid", "discovery_endpoint": OpenIDLab.discovery,
            "project_id": "2478df46ad194a99b386785f8fe95e49",
        ]
        auth["access_token"] =
            exchanges.firstNonNil { $0.requestHeaders["authorization"]?.split(prefix: "Bearer ") } ?? "no-token-at-all"
        auth["code"] = exchanges.firstNonNil { $0.formField("code") }
        let identity = exchanges.firstNonNil { (try? JSONValue(parsing: $0.requestBody))?["auth"]?["identity"] }
        auth["token"] = identity?["token"]?["id"]?.stringValue
        if let credential = identity?["application_credential"] {
            auth["application_credential_id"] = credential["id"]?.stringValue
            auth["application_credential_secret"] = credential["secret"]?.stringValue
        }
        if authType != "v3oidcauthcode" { auth["code"] = nil }
        auth = auth.merging(settings) { $1 }.filter { !$0.value.isEmpty }
        if authType == "v3applicationcredential" { auth["project_id"] = nil }
        let entry: JSONValue = [
            "auth_type": .string(authType), "region_name": "RegionOne",
            "auth": .object(JSONObject(auth.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) })),
        ]
        try folder.write("cwd/clouds.yaml", JSONValue.object(["clouds": ["lab": entry]]).text())
        return try folder.loader(hub(exchanges)).load(name: "lab")
    }

    private func hub(_ exchanges: [OpenIDExchange]) -> [String: String] {
        guard exchanges.contains(where: { $0.url.contains("/hub/api/") }) else { return [:] }
        return [
            "JUPYTERHUB_API_URL": "http://127.0.0.1:18081/hub/api", "JUPYTERHUB_API_TOKEN": "hub-api-token",
            "JUPYTERHUB_USER": "alice",
        ]
    }
}

extension OpenIDExchange {
    /// Whether a client library made the request, not a person by hand.
    var isByATool: Bool {
        let agent = requestHeaders["user-agent"] ?? ""
        return !agent.hasPrefix("lab-capture") && !agent.hasPrefix("python-requests")
    }

    /// A field of the form that was sent.
    func formField(_ name: String) -> String? {
        requestBody.split(separator: "&").firstNonNil { String($0).split(prefix: "\(name)=") }
    }
}

extension Sequence {
    /// The first result that is not `nil`.
    func firstNonNil<Value>(_ transform: (Element) -> Value?) -> Value? {
        for element in self { if let value = transform(element) { return value } }
        return nil
    }
}

extension String {
    /// The text after a prefix; `nil` if the prefix is missing.
    fileprivate func split(prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
