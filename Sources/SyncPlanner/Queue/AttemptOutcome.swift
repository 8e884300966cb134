package import LeaseModel

/// What came of one request for a mutation, as far as the queue needs to know.
package enum AttemptOutcome: Sendable, Hashable {
    /// The server has done it. For a creation, this is its lease.
    case accepted(leaseID: String)
    /// It was as wanted already.
    case alreadySo(leaseID: String)
    /// The server will not do it.
    case rejected(reason: String, message: String, requestID: String?)
    /// It certainly was not carried out: try again.
    case notDone(message: String, requestID: String?, retryAfter: ServerDelay?)
    /// The server failed for no known reason. What was asked for is absolute: doing it again does no harm.
    case failed(message: String, requestID: String?, retryAfter: ServerDelay?)
    /// The lease is between two states; once it is in one, the server will do it.
    case tooEarly(message: String, requestID: String?, retryAfter: ServerDelay?)
    /// It may have been carried out.
    case outcomeUnknown(message: String, requestID: String?)
    /// The credentials were refused: a person must log in.
    case unauthenticated(message: String, requestID: String?)
    /// The lease is not as it was when the change was asked for.
    case conflict(theirs: JSONObject, message: String)
}

extension AttemptOutcome {
    /// The sentence for a person; `nil` if all is well.
    var message: String? {
        switch self {
        case .accepted, .alreadySo: nil
        case .rejected(_, let message, _), .notDone(let message, _, _), .failed(let message, _, _),
            .tooEarly(let message, _, _), .outcomeUnknown(let message, _), .unauthenticated(let message, _),
            .conflict(_, let message):
            message
        }
    }

    /// The request at fault, if the server named it.
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
    /// By category first, since Blazar says "Not enough hosts available" with a 500. A creation that met a bare 5xx may
    /// have been carried out, or may yet be: with its manager down Blazar's API answers 500 after 60 s, and the manager
    /// finds the request in its queue when it comes back. A change is absolute, so that repeating it does no harm.
    ///
    /// - Parameters:
    ///   - failure: the refusal.
    ///   - verb: what was asked for.
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
                // While the manager works on the lease: it settles by itself, or never.
                let isBetweenStates = failure.message.contains("Invalid lease status")
                self =
                    isBetweenStates
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
