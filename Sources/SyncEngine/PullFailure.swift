import BlazarClient
import LeaseModel
import LeaseStore
import OpenStackClient

/// Why a pull did not complete: what a report says of it.
struct PullFailure: Error {
    let failure: SyncReport.Failure
    let message: String
    var requestID: String?
    var retryAfter: ServerDelay?

    /// How the run is recorded.
    var outcome: SyncRun.Outcome { failure == .suspect ? .suspect : .failed }
}

extension PullFailure {
    init(_ error: ServiceError) {
        let failure: SyncReport.Failure =
            switch error.kind {
            case .configuration, .noEndpoint: .configuration
            case .authentication: .authentication
            case .transport(.cancelled, _): .cancelled
            case .transport: .unreachable
            case .badAnswer: .badAnswer
            }
        self.init(failure: failure, message: error.message, requestID: error.requestID)
    }

    /// - Parameters:
    ///   - failure: the server's refusal.
    ///   - operation: what was attempted, for example `list the leases`.
    init(_ failure: ServerFailure, doing operation: String) {
        let kind: SyncReport.Failure =
            switch failure.category {
            case .unauthenticated, .forbidden: .authentication
            case .notBlazar, .notOffered: .badAnswer
            default: .server
            }
        self.init(
            failure: kind, message: failure.sentence(operation: operation), requestID: failure.requestID,
            retryAfter: failure.retryAfter)
    }

    init(_ error: StoreError) { self.init(failure: .database, message: error.message) }
}

extension PullFailure {
    init(_ failure: LeaseListFailure, cloud: String) {
        let operation = "listing the leases of cloud \(cloud)"
        switch failure {
        case .notAsked(let error): self.init(error)
        case .refused(let refusal): self.init(refusal, doing: operation)
        case .notAList(_, _, let requestID):
            self.init(failure: .badAnswer, message: failure.sentence(operation: operation), requestID: requestID)
        }
    }
}
