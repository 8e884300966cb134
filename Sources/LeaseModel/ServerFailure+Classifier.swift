extension ServerFailure.Category {
    /// Classifies by the words first and by the status then.
    ///
    /// Blazar's statuses mislead: too few hosts is 500, a bad property is 500, too few floating IPs is 400 (500 on
    /// Chameleon), a date outside the lease is 403. Its words are steady.
    init(method: String, status: Int, words: ServerWords) {
        switch status {
        case 401: self = .unauthenticated
        case 429: self = .rateLimited
        case 408, 502, 503, 504: self = .unavailable
        case 400...: self.init(method: method, errorStatus: status, words: words)
        // A redirect, or a success whose content is not what the request asks for.
        default: self = .notBlazar
        }
    }

    private init(method: String, errorStatus status: Int, words: ServerWords) {
        guard words.shape == .openStack else {
            // Nobody but the service itself can say that a lease is gone or belongs to somebody else.
            self = status >= 500 && status != 511 ? .serverError : .notBlazar
            return
        }
        if let category = Self.byWords(words.message, method: method, status: status) {
            self = category
            return
        }
        switch status {
        // Blazar's own 403 begins with "Policy doesn't allow"; any other to a write is a site's enforcement speaking.
        case 403: self = method == "POST" || method == "PUT" ? .policy : .forbidden
        case 404: self = method == "POST" ? .invalid : .notFound
        case 405: self = .notOffered
        case 409: self = .conflict
        case 413: self = words.retryAfter == nil ? .invalid : .rateLimited
        case 400..<500: self = .invalid
        default: self = .serverError
        }
    }

    /// What the words mean, if they are known.
    ///
    /// The words may quote what a person wrote, so they are compared from their beginning, or where nobody's text
    /// comes before.
    private static func byWords(_ message: String, method: String, status: Int) -> Self? {
        let words = message.lowercased()
        func begins(_ prefixes: String...) -> Bool { prefixes.contains { words.hasPrefix($0) } }

        if begins("not enough ") { return .capacity }
        if begins("policy doesn't allow ", "not authorized") { return .forbidden }
        if begins("missing parameter", "malformed ", "invalid values", "invalid input", "content type ") {
            return .invalid
        }
        if begins("the requested url was not found", "the method is not allowed") { return .notOffered }
        if begins("object with {") {
            // Chameleon reads "allocations" as the id of a floating IP where it has no such list.
            return status == 404 && method != "POST" ? .notFound : .invalid
        }
        if begins("invalid lease status", "conflicting reservation types") { return .conflict }
        if begins(
            "lease duration of ", "lease can only be extended within ", "datetime is out of lease limits",
            "external service enforcement filter")
        {
            return .policy
        }
        if begins("reservation for project "), words.contains("would spend") || words.contains(" sus") {
            return .budget
        }
        if begins("would spend ") || words.hasSuffix(" sus") || words.contains(" sus, only ") { return .budget }
        if begins("blazardbnotfound") { return .invalid }
        if status >= 500, words.hasSuffix(" lease was not found") { return .notFound }
        if status >= 500, words.hasSuffix(" was not found") { return .invalid }
        // "The … resource type is not supported" (500), "Updating parameters … is not yet supported." (409)
        if words.hasSuffix(" is not supported") || words.hasSuffix(" is not yet supported.") { return .invalid }
        return nil
    }
}
