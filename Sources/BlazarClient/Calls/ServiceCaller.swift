internal import LeaseModel
internal import OpenStackClient

/// Sends a request and reads its whole reply: what every client of this module does for every call but the list of
/// leases.
struct ServiceCaller: Sendable {
    let session: any ServiceSession
    let now: @Sendable () -> Timestamp

    /// No answer but the list of leases comes near this many bytes.
    static var bodyLimit: Int { 64 << 20 }
    /// As much of a refusal's body as is worth reading.
    static var failureLimit: Int { 256 << 10 }

    /// Sends the request and gives its reply, read to the end.
    ///
    /// - Throws: ``ServiceError`` if there is no reply, or the reply was cut short.
    func call(_ request: ServiceRequest) async throws(ServiceError) -> CallReply {
        let reply = try await session.send(request)
        let isRefusal = !(200..<300).contains(reply.status)
        let body: [UInt8]
        do {
            body = isRefusal ? await failureBody(of: reply) : try await reply.http.body.collect(upTo: Self.bodyLimit)
        } catch {
            throw ServiceError(
                kind: .transport(error.kind, error.phase),
                message: "The answer to \(reply.requestLine) broke off: \(error).", requestID: reply.requestID)
        }
        return CallReply(request: request, reply: reply, body: body, retryAfter: retryAfter(reply))
    }

    /// Why a reply cannot be used, its body still unread.
    func failure(of reply: ServiceReply, to request: ServiceRequest) async -> ServerFailure {
        let body = await failureBody(of: reply)
        return CallReply(request: request, reply: reply, body: body, retryAfter: retryAfter(reply)).failure()
    }

    /// A refusal is one whether its body arrives or not: what there is of it is kept.
    private func failureBody(of reply: ServiceReply) async -> [UInt8] {
        var collected: [UInt8] = []
        var parts = reply.http.body.makeAsyncIterator()
        while collected.count < Self.failureLimit {
            guard let part = try? await parts.next() else { break }
            collected += part
        }
        return Array(collected.prefix(Self.failureLimit))
    }

    private func retryAfter(_ reply: ServiceReply) -> ServerDelay? { reply.retryAfter(now: now()) }
}

/// A reply that has been read.
struct CallReply: Sendable {
    let request: ServiceRequest
    let reply: ServiceReply
    let body: [UInt8]
    let retryAfter: ServerDelay?

    var status: Int { reply.status }

    /// The JSON object of a success; `nil` if it is a refusal, not JSON by its content type, or not an object.
    var object: JSONObject? {
        guard (200..<300).contains(status), reply.contentType.map(MediaType.isJSON) ?? false else { return nil }
        return (try? JSONValue(parsing: body))?.objectValue
    }

    /// Why this reply cannot be used.
    func failure() -> ServerFailure {
        var failure = ServerFailure(
            method: request.method, status: status, contentType: reply.contentType, body: body,
            requestLine: reply.requestLine, requestID: reply.requestID, retryAfter: retryAfter)
        failure.message = reply.redacted(failure.message)
        return failure
    }

    /// Says that this reply, though a success, does not hold what was asked for.
    ///
    /// - Parameter problem: what is wrong, as a clause.
    /// - Returns: the failure, of the category `notBlazar`.
    func unusable(_ problem: String) -> ServerFailure {
        var failure = failure()
        // A page has a title to show; JSON of the wrong kind has nothing.
        if failure.message.isEmpty { failure.message = problem }
        return failure
    }
}
