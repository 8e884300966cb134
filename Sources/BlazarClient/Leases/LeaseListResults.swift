package import LeaseModel
package import OpenStackClient

/// What the next step of reading a list gave.
package enum LeaseListStep: Sendable, Hashable {
    /// Leases, in the list's order.
    case batch([LeaseSlice])
    /// The list has ended and was whole.
    case end(LeaseListSummary)
}

/// A list of leases that was read to its end.
package struct LeaseListSummary: Sendable, Hashable {
    /// The size of the body.
    package let byteCount: Int
    package let leaseCount: Int
    /// The id of the last lease.
    package let lastID: String?
    /// The query that the link to the next page has.
    package let nextQuery: String?
    /// The server's clock when it began to answer.
    package let serverDate: Timestamp?
    package let requestID: String?
    /// The request as a person would name it.
    package let requestLine: String
}

/// Why there is no list of leases that counts.
package enum LeaseListFailure: Error, Sendable, Hashable {
    /// The cloud could not be asked, or its answer broke off.
    case notAsked(ServiceError)
    /// The answer is a refusal, or not a 200 with JSON.
    case refused(ServerFailure)
    /// The answer is a 200 with JSON by its head, but its body is not a whole list.
    case notAList(LeaseListError, requestLine: String, requestID: String?)

    /// The failure as a person reads it: why, the request, and what to do.
    ///
    /// - Parameter operation: what was tried.
    /// - Returns: a sentence or two.
    package func sentence(operation: String = "listing the leases") -> String {
        switch self {
        case .notAsked(let error): return error.message
        case .refused(let failure): return failure.sentence(operation: operation)
        case .notAList(let error, let requestLine, let requestID):
            let request = [requestLine, "status 200", requestID ?? "no request id"].joined(separator: ", ")
            return "\(operation) failed: the answer cannot be used, \(error) (\(request)). "
                + "Nothing was changed; try again, and check for a proxy in between if it stays."
        }
    }
}
