package import LeaseModel
import OpenStackClient

/// Any error of a conversation with a cloud, as what a person needs to know of it.
package struct CloudTrouble: Error, Sendable, Hashable {
    package let failure: SyncReport.Failure
    package let message: String

    package init(_ error: any Error) {
        if let trouble = error as? CloudTrouble {
            self = trouble
        } else if let error = error as? ServiceError {
            let failure = PullFailure(error)
            self.failure = failure.failure
            message = failure.message
        } else {
            failure = .unreachable
            message = "\(error)"
        }
    }
}
