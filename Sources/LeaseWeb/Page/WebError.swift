import HTTPTypes
import LeaseModel
import LeaseText
import Leasehold
import Output

/// Why a request fails, for the person or program that sent it.
struct WebError: Error, Sendable {
    let status: HTTPResponse.Status
    /// The stable code, as commands write it with `-f json`.
    let code: String
    let message: String
    var candidates: [LeaseCandidate] = []

    init(_ status: HTTPResponse.Status, _ message: String, code: String? = nil) {
        self.status = status
        self.code = code ?? Self.code(of: status)
        self.message = message
    }

    static let notFound = WebError(.notFound, "There is no such page.")

    /// Any error as one that can be shown. A message never contains a secret: what throws it takes care of that.
    init(_ error: any Error) {
        switch error {
        case let error as WebError: self = error
        case let error as LeaseholdError:
            // Commands choose among candidates with an option. Here they are links.
            let message = error.candidates.isEmpty ? error.message : "More than one lease may be meant:"
            self.init(Self.status(of: error.code), message, code: error.code.rawValue)
            candidates = error.candidates
        case let error as TimeArgumentError: self.init(.unprocessableContent, error.description, code: "usage")
        case let error as DurationSyntaxError: self.init(.unprocessableContent, error.description, code: "usage")
        case ArgumentProblem.usage(let message): self.init(.unprocessableContent, message, code: "usage")
        case ArgumentProblem.invalid(let message): self.init(.unprocessableContent, message, code: "invalid")
        case let error as UnknownColumnError: self.init(.unprocessableContent, error.description, code: "usage")
        case let error as OutputError: self.init(.internalServerError, error.description, code: "output")
        default: self.init(.internalServerError, "\(error)", code: "failure")
        }
    }

    private static func status(of code: LeaseholdError.Code) -> HTTPResponse.Status {
        switch code {
        case .notFound: .notFound
        case .ambiguous, .invalid: .unprocessableContent
        case .database, .configuration: .internalServerError
        case .authentication, .refused: .forbidden
        case .unreachable: .serviceUnavailable
        case .notFinished: .gatewayTimeout
        }
    }

    private static func code(of status: HTTPResponse.Status) -> String {
        switch status {
        case .notFound: "not_found"
        case .unauthorized: "authentication"
        case .forbidden, .misdirectedRequest: "refused"
        case .contentTooLarge: "too_large"
        default: "usage"
        }
    }

    /// The error as commands write it with `-f json`.
    var json: JSONValue { ["error": ["code": .string(code), "message": .string(message)]] }
}
