package import LeaseModel
package import OpenStackClient

/// Blazar's API at one cloud, used with one token.
///
/// Its methods are grouped by resource: leases, hosts, devices, network segments, floating IPs. A refusal is returned
/// as a value. A method throws only if the cloud could not be asked.
package struct BlazarAPI: Sendable {
    let caller: ServiceCaller

    /// - Parameters:
    ///   - session: the session, which finds the endpoint and adds the token.
    ///   - now: the clock, for a `Retry-After` that is a date.
    package init(session: any ServiceSession, now: @escaping @Sendable () -> Timestamp) {
        caller = ServiceCaller(session: session, now: now)
    }
}

/// The paths of leases, relative to an endpoint that ends in `/v1`.
enum LeasePaths {
    static var all: String { "/leases" }
    static func one(_ id: String) -> String { all + "/" + URLText.encoded(id) }
    /// The resources that a lease holds (Chameleon).
    static func hosts(of id: String) -> String { one(id) + "/hosts" }
    static func networks(of id: String) -> String { one(id) + "/networks" }
    static func devices(of id: String) -> String { one(id) + "/devices" }
}

extension BlazarAPI {
    /// Requests the leases that the token can see. ``LeaseListReader/next()`` returns them.
    ///
    /// - Parameter query: the query for a page, from a ``LeasePager``.
    /// - Returns: a reader of that page.
    /// - Throws: ``LeaseListFailure`` if there is no answer, or one that is not a list.
    package func leases(query: String = "") async throws(LeaseListFailure) -> LeaseListReader {
        let request = ServiceRequest(
            .reservation, "GET", LeasePaths.all + query, headers: ["Accept": "application/json"])
        let reply: ServiceReply
        do {
            reply = try await caller.session.send(request)
        } catch {
            throw .notAsked(error)
        }
        guard reply.status == 200, reply.contentType.map(MediaType.isJSON) ?? false else {
            throw .refused(await caller.failure(of: reply, to: request))
        }
        return LeaseListReader(reply: reply)
    }

    /// Requests one lease.
    ///
    /// - Throws: ``ServiceError`` if the cloud could not be asked.
    package func lease(id: String) async throws(ServiceError) -> LeaseOutcome {
        try await caller.call(.init(.reservation, "GET", LeasePaths.one(id))).leaseOutcome(id: id)
    }

    /// Creates a lease.
    ///
    /// Blazar has no idempotency key: sending the same body twice creates two leases. After a ``ServiceError`` whose
    /// `phase` is `underWay`, nobody knows whether the lease was created.
    ///
    /// - Parameter body: the lease as Blazar accepts it, with dates as `YYYY-MM-DD HH:MM` or `now`.
    /// - Returns: the lease, usually `PENDING`, or the server's refusal.
    /// - Throws: ``ServiceError`` if there was no answer or only part of one.
    package func createLease(_ body: JSONObject) async throws(ServiceError) -> LeaseOutcome {
        try await caller.call(.init(.reservation, "POST", LeasePaths.all, body: .object(body))).leaseOutcome(id: nil)
    }

    /// Changes a lease.
    ///
    /// - Throws: ``ServiceError`` if there was no answer or only part of one.
    package func updateLease(id: String, _ body: LeaseUpdateBody) async throws(ServiceError) -> LeaseOutcome {
        try await caller.call(.init(.reservation, "PUT", LeasePaths.one(id), body: .object(body.members)))
            .leaseOutcome(id: id)
    }

    /// Deletes a lease. Deleting an active one takes seconds.
    ///
    /// - Throws: ``ServiceError`` if there was no answer or only part of one.
    package func deleteLease(id: String) async throws(ServiceError) -> LeaseDeletion {
        try await caller.call(.init(.reservation, "DELETE", LeasePaths.one(id))).leaseDeletion(id: id)
    }
}

/// The body of a PUT.
package struct LeaseUpdateBody: Sendable, Hashable {
    package let members: JSONObject

    /// Makes a body, or `nil` if it contains `events`: Blazar answers those with a 500 and leaves the lease in ERROR.
    package init?(_ members: JSONObject) {
        guard members["events"] == nil else { return nil }
        self.members = members
    }
}

/// The lease in an answer.
package struct LeaseReply: Sendable, Hashable {
    /// The lease. Compare its `projectID` with the scope's: Chameleon returns, changes and deletes other projects'
    /// leases for anyone who knows their id.
    package let lease: BlazarLease
    /// The object as the server sent it.
    package let raw: JSONObject
    package let requestID: String?
    /// The request in readable form, without secrets.
    package let requestLine: String
    /// The server's time when it answered.
    package let serverDate: Timestamp?
}

/// The outcome of reading, creating or changing one lease.
package enum LeaseOutcome: Sendable, Hashable {
    /// The server answered with the lease. After a change, its status is still transient (`UPDATING`): read it again.
    case lease(LeaseReply)
    /// Blazar itself says that there is no such lease.
    case gone(ServerFailure)
    /// Anything else. This includes a success whose body is not a lease: its category is `notBlazar` and its status is
    /// below 300, and whether a creation was carried out is then unknown.
    case failed(ServerFailure)
}

/// The outcome of deleting a lease.
package enum LeaseDeletion: Sendable, Hashable {
    /// It was deleted (204 from upstream, 200 from Chameleon).
    case deleted
    /// Blazar itself says that there is no such lease, which is as good as deleted.
    case alreadyGone(ServerFailure)
    /// It was not deleted, or this is unknown.
    case failed(ServerFailure)
}

extension CallReply {
    /// Decodes `{"lease": {…}}`.
    ///
    /// - Parameter id: the requested lease; `nil` for a creation.
    /// - Returns: the lease, or why there is none.
    func leaseOutcome(id: String?) -> LeaseOutcome {
        guard (200..<300).contains(status) else {
            let failure = failure()
            return id.map { saysGone($0, failure) } ?? false ? .gone(failure) : .failed(failure)
        }
        guard let raw = object?["lease"]?.objectValue else {
            return .failed(unusable("the answer holds no lease"))
        }
        do {
            let lease = try BlazarLease(json: raw)
            guard id == nil || lease.id == id else {
                return .failed(unusable("the answer holds another lease, \(lease.id)"))
            }
            return .lease(
                LeaseReply(
                    lease: lease, raw: raw, requestID: reply.requestID, requestLine: reply.requestLine,
                    serverDate: reply.serverDate.flatMap(HTTPDate.parse)))
        } catch {
            return .failed(unusable(error.description))
        }
    }

    func leaseDeletion(id: String) -> LeaseDeletion {
        if status == 204 { return .deleted }
        if (200..<300).contains(status), object != nil { return .deleted }
        let failure = failure()
        return saysGone(id, failure) ? .alreadyGone(failure) : .failed(failure)
    }

    /// Whether Blazar itself says that the lease does not exist: `Object with {'lease_id': '…'} not found`.
    ///
    /// The history depends on it, so a 404 from anything else (a wrong endpoint, another service, a proxy) is not
    /// enough.
    private func saysGone(_ id: String, _ failure: ServerFailure) -> Bool {
        failure.category == .notFound && failure.message.contains(id)
    }
}
