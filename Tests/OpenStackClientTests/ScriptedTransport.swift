import LeaseModel
import OpenStackClient
import Synchronization

/// A transport without a network. A function answers, and the requests are recorded.
final class ScriptedTransport: HTTPTransport {
    typealias Answer = @Sendable (HTTPRequest) async throws(TransportError) -> HTTPReply

    private let answer: Answer
    private let seen = Mutex<[HTTPRequest]>([])

    init(_ answer: @escaping Answer) { self.answer = answer }

    var requests: [HTTPRequest] { seen.withLock { $0 } }
    func requests(to suffix: String) -> [HTTPRequest] { requests.filter { $0.url.hasSuffix(suffix) } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPReply {
        seen.withLock { $0.append(request) }
        return try await answer(request)
    }
}

extension HTTPReply {
    static func json(_ status: Int, _ text: String, headers: HTTPFields = [:]) -> HTTPReply {
        var headers = headers
        if headers["content-type"] == nil { headers["Content-Type"] = "application/json" }
        return HTTPReply(status: status, headers: headers, body: .whole(Array(text.utf8)))
    }
}

extension HTTPBody {
    /// A body that is complete at once.
    static func whole(_ bytes: [UInt8]) -> HTTPBody {
        HTTPBody {
            let rest = Mutex<[UInt8]?>(bytes)
            return { () async throws(TransportError) in
                rest.withLock { part in
                    defer { part = nil }
                    return part
                }
            }
        }
    }
}

/// Keystone's answer with a token, as in the captures.
func tokenReply(
    _ token: String = "TOKEN-1", issued: Timestamp = Lab.start, lifeSeconds: Int64 = 3_600,
    project: String = "project1", roles: [String] = ["member"], catalog: String? = nil
) -> HTTPReply {
    let roleList = roles.map { "{\"id\":\"r-\($0)\",\"name\":\"\($0)\"}" }.joined(separator: ",")
    let body = """
        {"token": {"methods": ["password"], "user": {"domain": {"id": "default", "name": "Default"}, "id": "u1",
        "name": "user1"}, "expires_at": "\(issued.adding(seconds: lifeSeconds).iso8601)",
        "issued_at": "\(issued.iso8601)", "project": {"domain": {"id": "default", "name": "Default"}, "id": "p1",
        "name": "\(project)"}, "roles": [\(roleList)], "catalog": \(catalog ?? Lab.catalog)}}
        """
    return .json(201, body, headers: ["X-Subject-Token": token, "x-openstack-request-id": "req-token"])
}

enum Lab {
    static let start = Timestamp(secondsSince1970: 1_800_000_000)
    static let authURL = "http://127.0.0.1:5000/identity/v3"
    static let catalog = """
        [{"type": "reservation", "endpoints": [
          {"interface": "public", "region_id": "RegionOne", "url": "http://127.0.0.1:1234/v1"},
          {"interface": "internal", "region_id": "RegionOne", "url": "http://10.0.0.1:1234/v1"}]},
         {"type": "network", "endpoints": [
          {"interface": "public", "region_id": "RegionOne", "url": "http://127.0.0.1:9696"},
          {"interface": "public", "region_id": "RegionTwo", "url": "http://127.0.0.2:9696"}]}]
        """

    static func cloud(
        _ credentials: Credentials = .password(
            user: .name("user1", domain: .name("Default")), password: Secret("labsecret")),
        project: ProjectReference? = .name("project1", domain: .name("Default")), region: String? = nil
    ) -> CloudConfiguration {
        CloudConfiguration(
            name: "lab", origin: .file("/home/me/clouds.yaml"), authURL: authURL, authType: "password",
            credentials: credentials, project: project, region: region)
    }

    static func session(
        _ transport: any HTTPTransport, cloud: CloudConfiguration = cloud(), clock: TestClock = TestClock()
    ) -> KeystoneSession {
        KeystoneSession(cloud: cloud, transport: transport, clock: { clock.now })
    }
}

/// A clock that moves only when it is told to.
final class TestClock: Sendable {
    private let time = Mutex(Lab.start)
    var now: Timestamp { time.withLock { $0 } }
    func set(secondsAfterStart seconds: Int64) { time.withLock { $0 = Lab.start.adding(seconds: seconds) } }
}
