import Foundation
import LeaseModel
import OpenStackClient
import Synchronization

/// A request and its reply, recorded between a client, a real identity provider, a gateway and Keystone.
struct OpenIDExchange: Sendable {
    let method: String
    let url: String
    let requestHeaders: HTTPFields
    let requestBody: String
    let status: Int
    let headers: HTTPFields
    let body: String

    var isBrowser: Bool { requestHeaders["user-agent"]?.hasPrefix("Mozilla") == true }
    var reply: HTTPReply { HTTPReply(status: status, headers: headers, body: .whole(Array(body.utf8))) }

    /// The exchanges of a file, in their order.
    static func all(_ name: String) throws -> [OpenIDExchange] {
        let text = try String(contentsOfFile: Fixtures.path("captures-oidc/\(name).txt"), encoding: .utf8)
        return text.components(separatedBy: ">>> REQUEST").dropFirst().compactMap { block in
            let halves = block.components(separatedBy: "<<< RESPONSE")
            guard halves.count == 2 else { return nil }
            let (first, headers, body) = message(halves[0])
            let (status, answerHeaders, answerBody) = message(halves[1])
            let line = first.split(separator: " ")
            guard line.count > 2 else { return nil }
            return OpenIDExchange(
                method: String(line[0]), url: "http://\(headers["host"] ?? "")\(line[1])", requestHeaders: headers,
                requestBody: body, status: Int(status.split(separator: " ")[1]) ?? 0, headers: answerHeaders,
                body: answerBody)
        }
    }

    /// The first line, the headers and the body after the remark in the first line.
    private static func message(_ text: String) -> (String, HTTPFields, String) {
        let parts = text.components(separatedBy: "\n\n")
        let lines = parts[0].split(separator: "\n").dropFirst()
        var headers = HTTPFields()
        for line in lines.dropFirst() {
            let halves = line.split(separator: ":", maxSplits: 1)
            if halves.count == 2 {
                headers.add(String(halves[0]), halves[1].trimmingCharacters(in: .whitespaces))
            }
        }
        let body = parts.dropFirst().joined(separator: "\n\n").components(separatedBy: "\n# ")[0]
        return (lines.first.map(String.init) ?? "", headers, body.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}

/// A person who sees what they are shown, and does nothing.
actor SilentPerson: LoginAssistant {
    private(set) var invitations: [LoginInvitation] = []
    private(set) var hasEnded = false
    private let reply: String?
    private let whenInvited: @Sendable (LoginInvitation) async -> Void

    init(answer: String? = nil, whenInvited: @escaping @Sendable (LoginInvitation) async -> Void = { _ in }) {
        reply = answer
        self.whenInvited = whenInvited
    }

    func invite(_ invitation: LoginInvitation) async {
        invitations.append(invitation)
        await whenInvited(invitation)
    }
    func note(secondsLeft: Int64) {}
    func conclude() { hasEnded = true }
    func answer(to question: String) -> String? { reply }
}

/// The provider and the clients of the recorded lab.
enum OpenIDLab {
    static let provider = "http://127.0.0.1:18080/auth/realms/chameleon"
    static let discovery = "\(provider)/.well-known/openid-configuration"
    static let federation = FederationEndpoint(identityProvider: "chameleon", protocolName: "openid")
    static let publicClient = OpenIDClient(
        id: "chi-cli-device-token", scope: "openid", discoveryEndpoint: discovery)

    static func cloud(
        _ login: OpenIDLogin, federation: FederationEndpoint = federation,
        project: ProjectReference? = .id("2478df46ad194a99b386785f8fe95e49")
    ) -> CloudConfiguration {
        CloudConfiguration(
            name: "lab", origin: .file("/home/me/clouds.yaml"), authURL: "http://127.0.0.1:15000/identity/v3",
            authType: "v3chameleonoidc", credentials: .federated(federation, login), project: project,
            region: "RegionOne")
    }

    static func session(
        _ cloud: CloudConfiguration, _ transport: any HTTPTransport, slept: SleptTime = SleptTime(),
        person: (any LoginAssistant)? = nil
    ) -> KeystoneSession {
        KeystoneSession(
            cloud: cloud, transport: transport, clock: { Lab.start.adding(seconds: Int64(slept.seconds)) },
            sleep: { slept.add($0) }, assistant: person)
    }
}

/// A clock that moves only when somebody sleeps.
final class SleptTime: Sendable {
    private let total = Mutex(0.0)
    var seconds: Double { total.withLock { $0 } }
    func add(_ seconds: Double) { total.withLock { $0 += seconds } }
}
