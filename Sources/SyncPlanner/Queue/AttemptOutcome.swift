package import LeaseModel

/// The outcome of one attempt, as far as the queue needs to know it.
package enum AttemptOutcome: Sendable, Hashable {
    /// The server carried it out. For a creation, `leaseID` is the new lease.
    case accepted(leaseID: String)
    /// There was nothing to do: the lease was in the requested state already.
    case alreadySo(leaseID: String)
    /// The server refused it.
    case rejected(reason: String, message: String, requestID: String?)
    /// It was certainly not carried out: try again.
    case notDone(message: String, requestID: String?, retryAfter: ServerDelay?)
    /// The server failed for an unknown reason. Trying again is safe, because the request sets absolute values.
    case failed(message: String, requestID: String?, retryAfter: ServerDelay?)
    /// The lease is in a transient status. The server will carry out the request when the lease has left it.
    case tooEarly(message: String, requestID: String?, retryAfter: ServerDelay?)
    /// It may have been carried out.
    case outcomeUnknown(message: String, requestID: String?)
    /// The credentials were rejected: a person must log in.
    case unauthenticated(message: String, requestID: String?)
    /// The lease has changed since the write was requested.
    case conflict(theirs: JSONObject, message: String)
}

extension AttemptOutcome {
    /// The sentence for a person; `nil` if the attempt succeeded.
    var message: String? {
        switch self {
        case .accepted, .alreadySo: nil
        case .rejected(_, let message, _), .notDone(let message, _, _), .failed(let message, _, _),
            .tooEarly(let message, _, _), .outcomeUnknown(let message, _), .unauthenticated(let message, _),
            .conflict(_, let message):
            message
        }
    }

    /// The id of the failed request, if the server gave one.
    var requestID: String? {
        switch self {
        case .accepted, .alreadySo, .conflict: nil
        case .rejected(_, _, let id), .notDone(_, let id, _), .failed(_, let id, _), .tooEarly(_, let id, _),
            .outcomeUnknown(_, let id), .unauthenticated(_, let id):
            id
        }
    }

    /// Classifies a server's refusal.
    ///
    /// The category decides, not the status, since Blazar says "Not enough hosts available" with a 500. A creation that
    /// got a bare 5xx may have been carried out, or may still be: while its manager is down, Blazar's API answers 500
    /// after 60 s, and the manager finds the request in its queue when it returns. A change sets absolute values, so
    /// repeating it is safe.
    ///
    /// - Parameters:
    ///   - failure: the refusal.
    ///   - verb: the kind of write.
    ///   - message: the sentence for a person.
    package init(_ failure: ServerFailure, verb: Mutation.Verb, message: String) {
        let id = failure.requestID
        switch failure.category {
        case .capacity, .policy, .budget, .invalid:
            self = .rejected(reason: failure.category.rawValue, message: message, requestID: id)
        case .conflict:
            let retryAfter = failure.retryAfter
            switch verb {
            case .create:
                self = .rejected(reason: failure.category.rawValue, message: message, requestID: id)
            case .update, .extend, .delete:
                self =
                    failure.isBetweenStates
                    ? .tooEarly(message: message, requestID: id, retryAfter: retryAfter)
                    : .failed(message: message, requestID: id, retryAfter: retryAfter)
            }
        case .forbidden:
            self = .rejected(reason: "auth", message: message, requestID: id)
        case .notFound, .notOffered:
            self = .rejected(reason: "invalid", message: message, requestID: id)
        case .unauthenticated:
            self = .unauthenticated(message: message, requestID: id)
        case .rateLimited:
            self = .notDone(message: message, requestID: id, retryAfter: failure.retryAfter)
        case .unavailable, .serverError, .notBlazar:
            self =
                verb == .create
                ? .outcomeUnknown(message: message, requestID: id)
                : .failed(message: message, requestID: id, retryAfter: failure.retryAfter)
        }
    }
}
