import BlazarClient
package import LeaseModel
import LeaseStore
package import OpenStackClient

/// Why a cloud could not be read or written. It is the only error of this module.
///
/// Every error of a lower layer (``ServiceError``, ``StoreError``, a server's refusal, a damaged file) is converted to
/// it. A ``SyncReport`` or a `LeaseholdError` is made from it.
package struct CloudError: Error, Sendable, Hashable, CustomStringConvertible {
    package let failure: SyncReport.Failure
    /// One sentence: what failed, where, and what to do.
    package let message: String
    var requestID: String?
    var retryAfter: ServerDelay?

    package init(
        failure: SyncReport.Failure, message: String, requestID: String? = nil, retryAfter: ServerDelay? = nil
    ) {
        self.failure = failure
        self.message = message
        self.requestID = requestID
        self.retryAfter = retryAfter
    }

    package var description: String { message }

    /// The recorded outcome of a sync that ended with this error.
    var outcome: SyncRun.Outcome { failure == .suspect ? .suspect : .failed }
}

extension CloudError {
    /// Converts any error that occurs while talking to a cloud.
    package init(_ error: any Error) {
        switch error {
        case let error as CloudError: self = error
        case let error as ServiceError: self.init(error)
        case let error as StoreError: self.init(error)
        case is CancellationError: self.init(failure: .cancelled, message: "It was stopped before it was done.")
        // All other errors come from files beside the database.
        default: self.init(failure: .database, message: "\(error)")
        }
    }

    package init(_ error: ServiceError) {
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

    init(_ error: CloudConfigurationError) { self.init(failure: .configuration, message: error.message) }

    init(_ error: StoreError) { self.init(failure: .database, message: error.message) }

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
