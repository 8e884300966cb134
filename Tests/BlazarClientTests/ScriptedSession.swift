import CaptureFixtures
import LeaseModel
import OpenStackClient
import Synchronization

/// A cloud with prepared answers, which records the requests.
final class ScriptedSession: ServiceSession {
    struct Answer: Sendable {
        var status = 200
        var headers: HTTPFields = ["content-type": "application/json"]
        var body: [UInt8] = []
        /// How many bytes arrive at once.
        var partSize = 7
        /// The body breaks off after its last byte.
        var breaksOff = false
        /// No request reaches the cloud.
        var error: ServiceError?

        static func json(_ text: String, status: Int = 200) -> Answer {
            Answer(status: status, body: Array(text.utf8))
        }

        static func capture(_ name: String) throws -> Answer {
            let capture = try Capture.named(name)
            var headers = HTTPFields()
            for header in capture.headers { headers.add(header.name, header.value) }
            return Answer(status: capture.status, headers: headers, body: capture.body, partSize: 1_000)
        }

        static func failing(_ kind: ServiceError.Kind) -> Answer {
            Answer(error: ServiceError(kind: kind, message: "no"))
        }
    }

    private let answers: @Sendable (ServiceRequest) -> Answer
    private let asked = Mutex<[ServiceRequest]>([])
    /// The secret that every request carries.
    static let token = Secret("gAAAAA-a-token")

    init(_ answers: @escaping @Sendable (ServiceRequest) -> Answer) { self.answers = answers }
    convenience init(_ answer: Answer) { self.init { _ in answer } }

    var requests: [ServiceRequest] { asked.withLock(\.self) }
    /// Method and path of every request.
    var lines: [String] { requests.map { "\($0.service.rawValue) \($0.method) \($0.path)" } }

    func send(_ request: ServiceRequest) async throws(ServiceError) -> ServiceReply {
        asked.withLock { $0.append(request) }
        let answer = answers(request)
        if let error = answer.error { throw error }
        return ServiceReply(
            http: HTTPReply(status: answer.status, headers: answer.headers, body: Self.body(of: answer)),
            requestLine: "\(request.method) http://cloud.example/\(request.service.rawValue)\(request.path)",
            secrets: [Self.token])
    }

    func identity() async throws(ServiceError) -> TokenIdentity {
        throw ServiceError(kind: .configuration, message: "not scripted")
    }

    private static func body(of answer: Answer) -> HTTPBody {
        HTTPBody {
            let position = Mutex(0)
            return { () async throws(TransportError) in
                let start = position.withLock { $0 }
                guard start < answer.body.count else {
                    if answer.breaksOff { throw TransportError(kind: .closedEarly, phase: .underWay, detail: "") }
                    return nil
                }
                let end = min(answer.body.count, start + answer.partSize)
                position.withLock { $0 = end }
                return Array(answer.body[start..<end])
            }
        }
    }
}

extension Timestamp {
    /// A fixed now.
    static let testNow = Timestamp(secondsSince1970: 1_795_000_000)
}
