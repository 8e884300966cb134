package import LeaseModel
import Leasehold

/// How a command fails: what the person reads, the fixed code for programs, and the exit status.
package struct CommandError: Error, Sendable {
    package let code: String
    package let message: String
    package let status: ExitStatus
    /// Those that an ambiguous reference may mean.
    package let candidates: [LeaseCandidate]

    package init(code: String, message: String, status: ExitStatus, candidates: [LeaseCandidate] = []) {
        self.code = code
        self.message = message
        self.status = status
        self.candidates = candidates
    }

    /// A command line that asks for what cannot be.
    package static func usage(_ message: String) -> CommandError {
        CommandError(code: "usage", message: message, status: .usage)
    }

    init(_ error: LeaseholdError) {
        let status: ExitStatus =
            switch error.code {
            case .notFound: .notFound
            case .ambiguous, .invalid: .data
            case .database: .cannotOpen
            case .configuration: .configuration
            case .authentication, .refused: .refused
            case .unreachable: .unavailable
            case .notFinished: .notFinished
            }
        self.init(code: error.code.rawValue, message: error.message, status: status, candidates: error.candidates)
    }

    /// The error as the one that a person is shown, whatever it was.
    init(_ error: any Error) {
        switch error {
        case let error as CommandError: self = error
        case let error as LeaseholdError: self.init(error)
        case let error as UnknownColumnError:
            self.init(code: "usage", message: error.description, status: error.exitStatus)
        case let error as TimeArgumentError: self = .usage(error.description)
        case let error as DurationSyntaxError: self = .usage(error.description)
        case let error as OutputError:
            self.init(code: "output", message: error.description, status: error.exitStatus)
        default: self.init(code: "failure", message: "\(error)", status: .failure)
        }
    }

    /// The error as a program reads it.
    var json: JSONValue {
        var object: JSONObject = ["code": .string(code), "message": .string(message)]
        if !candidates.isEmpty {
            object["candidates"] = .array(
                candidates.map {
                    [
                        "id": .string($0.id), "name": .string($0.name), "status": .string($0.status.rawValue),
                        "end_date": .string($0.endsAt.iso8601), "site": .string($0.site),
                        "deleted": .bool($0.isDeparted),
                    ]
                })
        }
        return ["error": .object(object)]
    }
}

extension SyncReport.Failure {
    /// How a command ends if a cloud failed so.
    var status: ExitStatus {
        switch self {
        case .configuration: .configuration
        case .authentication: .refused
        case .unreachable, .server, .badAnswer: .unavailable
        case .suspect: .data
        case .database: .cannotOpen
        case .cancelled: .notFinished
        }
    }
}
