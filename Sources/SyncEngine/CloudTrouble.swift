package import LeaseModel
import LeaseStore
import OpenStackClient

/// Any error of a conversation with a cloud, as what a person needs to know of it.
package struct CloudTrouble: Error, Sendable, Hashable, CustomStringConvertible {
    package let failure: SyncReport.Failure
    package let message: String

    package var description: String { message }

    init(failure: SyncReport.Failure, message: String) {
        self.failure = failure
        self.message = message
    }

    package init(_ error: any Error) {
        switch error {
        case let trouble as CloudTrouble: self = trouble
        case let error as PullFailure: self.init(failure: error.failure, message: error.message)
        case let error as ServiceError: self.init(PullFailure(error))
        case let error as StoreError: self.init(failure: .database, message: error.message)
        case is CancellationError: self.init(failure: .cancelled, message: "It was stopped before it was done.")
        // What is left has to do with files beside the database.
        default: self.init(failure: .database, message: "\(error)")
        }
    }
}
