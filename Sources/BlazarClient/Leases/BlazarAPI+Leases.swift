package import LeaseModel
package import OpenStackClient

extension BlazarAPI {
    /// Asks for the leases that the token sees; the leases come with ``LeaseListReader/next()``.
    ///
    /// - Parameter query: which page of them, as a ``LeasePager`` says.
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

    /// Asks for one lease.
    ///
    /// - Throws: ``ServiceError`` if the cloud could not be asked.
    package func lease(id: String) async throws(ServiceError) -> LeaseOutcome {
        try await caller.call(.init(.reservation, "GET", LeasePaths.one(id))).leaseOutcome(id: id)
    }

    /// Makes a lease.
    ///
    /// Blazar has no idempotency key: the same body twice makes two leases. After a ``ServiceError`` whose
    /// `phase` is `underWay` nobody knows whether it was made.
    ///
    /// - Parameter body: the lease as Blazar takes it, its dates as `YYYY-MM-DD HH:MM` or `now`.
    /// - Returns: the lease, most often `PENDING`, or the server's refusal.
    /// - Throws: ``ServiceError`` if there was no (whole) answer.
    package func createLease(_ body: JSONObject) async throws(ServiceError) -> LeaseOutcome {
        try await caller.call(.init(.reservation, "POST", LeasePaths.all, body: .object(body))).leaseOutcome(id: nil)
    }

    /// Changes a lease.
    ///
    /// - Throws: ``ServiceError`` if there was no (whole) answer.
    package func updateLease(id: String, _ body: LeaseUpdateBody) async throws(ServiceError) -> LeaseOutcome {
        try await caller.call(.init(.reservation, "PUT", LeasePaths.one(id), body: .object(body.members)))
            .leaseOutcome(id: id)
    }

    /// Deletes a lease. That of an active one takes seconds.
    ///
    /// - Throws: ``ServiceError`` if there was no (whole) answer.
    package func deleteLease(id: String) async throws(ServiceError) -> LeaseDeletion {
        try await caller.call(.init(.reservation, "DELETE", LeasePaths.one(id))).leaseDeletion(id: id)
    }
}

/// The body of a PUT.
package struct LeaseUpdateBody: Sendable, Hashable {
    package let members: JSONObject

    /// Makes a body, or `nil` if it has `events`: Blazar answers those with a 500 and leaves the lease in ERROR.
    package init?(_ members: JSONObject) {
        guard members["events"] == nil else { return nil }
        self.members = members
    }
}
