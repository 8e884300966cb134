import LeaseModel
import LeaseText
import Leasehold
import Output

/// Why a command failed: a message for people, a fixed code for programs, and the exit status.
package struct CommandError: Error, Sendable {
    package let code: String
    package let message: String
    package let status: ExitStatus
    /// What the user may have meant.
    package let candidates: [Candidate]
    /// Advice for people, in lines below the message.
    var hints: [String] = []

    /// Something the user may have meant: a lease, or a reservation.
    package struct Candidate: Sendable {
        /// For people, with the end in their zone.
        let line: @Sendable (TimeText) -> String
        /// For programs.
        let json: JSONObject

        init(_ lease: LeaseCandidate) {
            let gone = lease.isRemoved ? ", no longer listed" : ""
            line = { time in
                "\(lease.id)  \(lease.name)  \(lease.status), ends \(time.zoned(lease.endsAt)) (\(lease.site)\(gone))"
            }
            json = [
                "id": .string(lease.id), "name": .string(lease.name), "status": .string(lease.status.rawValue),
                "end_date": .string(lease.endsAt.iso8601), "site": .string(lease.site),
                "deleted": .bool(lease.isRemoved),
            ]
        }

        init(_ reservation: Reservation) {
            let counts = [reservation.minimumCount, reservation.maximumCount, reservation.amount].compactMap { $0 }
            let count = Set(counts).sorted().map(String.init).joined(separator: "-")
            let words = [
                reservation.id, reservation.resourceType.rawValue, count, reservation.resourceProperties ?? "",
            ]
            .filter { !$0.isEmpty }.joined(separator: "  ")
            line = { _ in words }
            json = reservation.json(times: .iso8601)
        }
    }

    package init(code: String, message: String, status: ExitStatus, candidates: [Candidate] = []) {
        self.code = code
        self.message = message
        self.status = status
        self.candidates = candidates
    }

    /// The command line asks for something impossible.
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
        self.init(
            code: error.code.rawValue,
            message: error.message + (error.canBeForced ? " --force sends it anyway." : ""), status: status,
            candidates: error.candidates.map(Candidate.init))
    }

    /// Converts any error into one that can be shown to a person.
    init(_ error: any Error) {
        switch error {
        case let error as CommandError: self = error
        case let error as LeaseholdError: self.init(error)
        case let error as UnknownColumnError:
            self.init(code: "usage", message: error.description, status: error.exitStatus)
        case ArgumentProblem.usage(let message): self = .usage(message)
        case ArgumentProblem.invalid(let message): self.init(code: "invalid", message: message, status: .data)
        case let error as TimeArgumentError: self = .usage(error.description)
        case let error as DurationSyntaxError: self = .usage(error.description)
        case let error as OutputError:
            self.init(code: "output", message: error.description, status: error.exitStatus)
        default: self.init(code: "failure", message: "\(error)", status: .failure)
        }
    }

    /// The error in the form that programs read.
    var json: JSONValue {
        var object: JSONObject = ["code": .string(code), "message": .string(message)]
        if !candidates.isEmpty {
            object["candidates"] = .array(candidates.map { .object($0.json) })
        }
        return ["error": .object(object)]
    }
}

extension SyncReport.Failure {
    /// The exit status of a command that fails because of this error of a cloud.
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

/// The command's exit statuses. They come from BSD's `sysexits.h`, so that scripts can distinguish outcomes.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    /// Success. A create that is safely queued while offline is a success.
    case success = 0
    /// A failure without a more specific status.
    case failure = 1
    /// The command line is wrong.
    case usage = 64
    /// A reference is ambiguous, or data is invalid.
    case data = 65
    /// No such lease, reservation or column value.
    case notFound = 66
    /// The cloud cannot be reached.
    case unavailable = 69
    /// The database cannot be opened or written.
    case cannotOpen = 73
    /// Output could not be written.
    case outputFailed = 74
    /// Not finished within the time allowed.
    case notFinished = 75
    /// The cloud refused the request, or does not accept the credentials.
    case refused = 77
    /// The configuration is missing or broken.
    case configuration = 78
}
