/// One request that left for a mutation.
public struct MutationAttempt: Sendable, Hashable {
    /// When it left.
    public let startedAt: Timestamp
    /// When its outcome was noted; `nil` while it is under way, or if its process died.
    public let finishedAt: Timestamp?
    /// What came of it.
    public let outcome: String?
    /// The server's words.
    public let message: String?
    /// The id of the request.
    public let requestID: String?
    /// What was sent.
    public let sent: JSONObject

    /// Makes an attempt from its parts.
    public init(
        startedAt: Timestamp, finishedAt: Timestamp?, outcome: String?, message: String?, requestID: String?,
        sent: JSONObject
    ) {
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.outcome = outcome
        self.message = message
        self.requestID = requestID
        self.sent = sent
    }
}
