package import LeaseModel
internal import OpenStackClient

/// A lease out of an answer about one.
package struct LeaseReply: Sendable, Hashable {
    /// The lease. Compare its `projectID` with the scope's: Chameleon gives, changes and deletes other projects'
    /// leases for whoever knows their id.
    package let lease: BlazarLease
    /// The object as the server sent it.
    package let raw: JSONObject
    package let requestID: String?
    /// The request as a person would name it.
    package let requestLine: String
    /// The server's clock when it answered.
    package let serverDate: Timestamp?
}

/// What came of asking for, making or changing one lease.
package enum LeaseOutcome: Sendable, Hashable {
    /// The server answered with the lease. After a change its status is not settled yet (`UPDATING`): read it again.
    case lease(LeaseReply)
    /// Blazar itself says that there is no such lease.
    case gone(ServerFailure)
    /// Anything else. A success whose body is not a lease is here too, with the category `notBlazar` and a status
    /// below 300: what became of a creation is then not known.
    case failed(ServerFailure)
}

/// What came of deleting a lease.
package enum LeaseDeletion: Sendable, Hashable {
    /// It is deleted (204 of upstream, 200 of Chameleon).
    case deleted
    /// Blazar itself says that there is no such lease: as good as deleted.
    case alreadyGone(ServerFailure)
    /// It is not, or it is not known.
    case failed(ServerFailure)
}

extension CallReply {
    /// Reads `{"lease": {…}}`.
    ///
    /// - Parameter id: the lease asked for; `nil` for a creation.
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

    /// Whether this is Blazar's word that the lease does not exist: `Object with {'lease_id': '…'} not found`.
    ///
    /// History depends on it, so a 404 of anything else (a wrong endpoint, another service, a proxy) is not enough.
    private func saysGone(_ id: String, _ failure: ServerFailure) -> Bool {
        failure.category == .notFound && failure.message.contains(id)
    }
}
