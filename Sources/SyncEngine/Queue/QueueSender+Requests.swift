import BlazarClient
import LeaseModel
import LeaseStore
import OpenStackClient
import SyncPlanner

extension QueueSender {
    // MARK: - Creation

    func create(_ mutation: Mutation, _ draft: LeaseDraft) async throws -> (Mutation?, CloudError?) {
        // A list or an import may have shown its lease since an attempt counted as not carried out.
        if mutation.attempts > 0, let made = try store.lease(carryingTokenOf: mutation) {
            return (try conclude(mutation, .alreadySo(leaseID: made)), nil)
        }
        var body = draft.body
        let sendsToken = try connection.cloud.sendsClientEvent && store.keepsClientEvents(site: scope.siteID) != false
        let startsAt = if case .at(let time) = draft.start { time } else { connection.now() }
        if sendsToken, let token = mutation.token, let event = ClientToken.event(for: token, at: startsAt) {
            body["events"] = .array((body["events"]?.arrayValue ?? []) + [.object(event)])
        }
        return try await attempt(mutation, "POST", sent: body, sendsToken: sendsToken) {
            () async throws(ServiceError) -> Answer in
            switch try await connection.blazar.createLease(body) {
            case .lease(let reply): return Answer(.accepted(leaseID: reply.lease.id), lease: reply.lease)
            case .gone(let failure), .failed(let failure):
                let outcome = await refusal(failure, of: mutation, "Creating")
                guard case .unauthenticated(let message, _) = outcome else { return Answer(outcome) }
                return Answer(outcome, pause: CloudError(failure: .authentication, message: message))
            }
        }
    }

    // MARK: - Changes

    func change(_ mutation: Mutation) async throws -> (Mutation?, CloudError?) {
        let found: BlazarLease
        switch await look(mutation) {
        case .lease(let lease): found = lease
        case .outcome(let outcome, let pause): return (try conclude(mutation, outcome), pause)
        case .gone(let outcome): return (try conclude(mutation, outcome, isGone: true), nil)
        case .neverMade:
            let message = "The lease that it is for was never created."
            return (try put(mutation, .rejected, reason: "invalid", message: message), nil)
        }
        let fields: JSONObject
        let ours = ChangeDecision.ours(
            mutation, among: try store.changes(ofLease: found.id, scope: scope.id))
        switch ChangeDecision.of(mine: mutation.body, base: mutation.base, theirs: found, ours: ours) {
        case .alreadySo: return (try conclude(mutation, .alreadySo(leaseID: found.id)), nil)
        case .conflict(let theirs):
            let names = LeaseFields(theirs).named.map(\.name).joined(separator: ", ")
            let message = """
                Somebody else has changed \(names) of "\(mutation.leaseName)" in the meantime. Compare \
                with `leasehold queue show \(mutation.id)`, then decide with `leasehold queue resolve \(mutation.id)`.
                """
            return (try conclude(mutation, .conflict(theirs: theirs, message: message)), nil)
        case .send(let send): fields = send
        }
        guard let body = LeaseUpdateBody(fields) else {
            return (
                try conclude(
                    mutation,
                    .rejected(
                        reason: "invalid", message: "Blazar cannot change the events of a lease.", requestID: nil)), nil
            )
        }
        return try await attempt(mutation, "PUT", sent: fields) { () async throws(ServiceError) -> Answer in
            switch try await connection.blazar.updateLease(id: found.id, body) {
            case .lease(let reply):
                // The accepted values are known from now on, even if the lease cannot be read again.
                let settled = await readSettled(found.id) ?? reply.lease.applying(fields)
                return Answer(.accepted(leaseID: found.id), lease: settled)
            case .gone(let failure), .failed(let failure):
                return Answer(await refusal(failure, of: mutation, "Changing"))
            }
        }
    }

    /// Reads the lease again after a PUT. The answer to a PUT always has the status UPDATING.
    private func readSettled(_ id: String) async -> BlazarLease? {
        guard case .lease(let reply) = try? await connection.blazar.lease(id: id), reply.lease.status != .updating
        else {
            return nil
        }
        return reply.lease
    }

    // MARK: - Deletion

    func delete(_ mutation: Mutation) async throws -> (Mutation?, CloudError?) {
        let found: BlazarLease
        switch await look(mutation) {
        case .lease(let lease): found = lease
        case .outcome(let outcome, let pause): return (try conclude(mutation, outcome), pause)
        case .gone(let outcome): return (try conclude(mutation, outcome, isGone: true), nil)
        case .neverMade:
            return (try put(mutation, .cancelled, reason: nil, message: "The lease was never created."), nil)
        }
        return try await attempt(mutation, "DELETE", sent: [:]) { () async throws(ServiceError) -> Answer in
            switch try await connection.blazar.deleteLease(id: found.id) {
            case .deleted, .alreadyGone: return Answer(.accepted(leaseID: found.id), goneLeaseID: found.id)
            case .failed(let failure): return Answer(await refusal(failure, of: mutation, "Deleting"))
            }
        }
    }

    // MARK: - Common

    /// What a request came to.
    private struct Answer {
        let outcome: AttemptOutcome
        /// The lease as the server has it now.
        var lease: BlazarLease?
        /// The lease that no longer exists.
        var goneLeaseID: String?
        /// Why the rest of the queue has to wait.
        var pause: CloudError?

        init(
            _ outcome: AttemptOutcome, lease: BlazarLease? = nil, goneLeaseID: String? = nil, pause: CloudError? = nil
        ) {
            self.outcome = outcome
            self.lease = lease
            self.goneLeaseID = goneLeaseID
            self.pause = pause
        }
    }

    /// Sends a request for a mutation: recorded before it leaves, and its outcome after.
    private func attempt(
        _ mutation: Mutation, _ method: String, sent: JSONObject, sendsToken: Bool = false,
        _ request: () async throws(ServiceError) -> Answer
    ) async throws -> (Mutation?, CloudError?) {
        guard let (sending, attempt) = try store.beginAttempt(mutation, sent: sent, scope: scope, at: connection.now())
        else { return (nil, nil) }
        try checkpoint("before \(method)")
        let answer: Answer
        do throws(ServiceError) {
            answer = try await request()
        } catch {
            let (outcome, pause) = interruption(error, mutation)
            answer = Answer(outcome, pause: pause)
        }
        try checkpoint("after \(method)")
        let concluded = try conclude(
            sending, attempt: attempt, answer.outcome, lease: answer.lease, gone: answer.goneLeaseID,
            sentToken: sendsToken)
        return (concluded, answer.pause)
    }

    private enum Look {
        case lease(BlazarLease)
        case outcome(AttemptOutcome, CloudError?)
        /// The server says that there is no such lease.
        case gone(AttemptOutcome)
        /// The creation of the lease failed.
        case neverMade
    }

    /// Reads the lease before writing to it.
    ///
    /// Chameleon's fork lets any project's token change and delete any lease. So a lease that does not belong to the
    /// scope's project is left alone.
    private func look(_ mutation: Mutation) async -> Look {
        guard let id = mutation.leaseID else { return .neverMade }
        do throws(ServiceError) {
            switch try await connection.blazar.lease(id: id) {
            case .lease(let reply):
                guard scope.seesAllProjects || reply.lease.projectID == scope.projectID else {
                    return .outcome(
                        .rejected(
                            reason: "auth",
                            message: "The lease belongs to project \(reply.lease.projectID), not to this one.",
                            requestID: reply.requestID), nil)
                }
                return .lease(reply.lease)
            case .gone(let failure):
                if mutation.verb == .delete { return .gone(.alreadySo(leaseID: id)) }
                return .gone(
                    .rejected(
                        reason: "gone", message: "The lease \"\(mutation.leaseName)\" has been deleted.",
                        requestID: failure.requestID))
            case .failed(let failure):
                return .outcome(await refusal(failure, of: mutation, "Reading"), nil)
            }
        } catch {
            let (outcome, pause) = interruption(error, mutation)
            return .outcome(outcome, pause)
        }
    }

    /// Never throws: if the token expired after the request was answered, the attempt must still count as answered.
    private func refusal(_ failure: ServerFailure, of mutation: Mutation, _ doing: String) async -> AttemptOutcome {
        let identity = try? await connection.session.identity()
        let isApplicationCredential = identity?.isApplicationCredential ?? false
        let message = failure.sentence(
            operation: "\(doing) the lease", lease: mutation.leaseName,
            isApplicationCredential: isApplicationCredential)
        let outcome = AttemptOutcome(failure, verb: mutation.verb, message: message)
        guard case .outcomeUnknown(_, let requestID) = outcome else { return outcome }
        return .outcomeUnknown(
            message: failure.unconfirmedCreation(isApplicationCredential: isApplicationCredential), requestID: requestID
        )
    }

    /// What a request without an answer means for the write and for the rest of the queue.
    ///
    /// Only the phase shows whether the server may have carried it out. The kind of error never does.
    private func interruption(
        _ error: ServiceError, _ mutation: Mutation
    ) -> (AttemptOutcome, CloudError?) {
        let pause = CloudError(error)
        if error.kind == .authentication {
            return (.unauthenticated(message: error.message, requestID: error.requestID), pause)
        }
        switch error.phase {
        case .beforeSending:
            return (.notDone(message: error.message, requestID: nil, retryAfter: nil), pause)
        case .underWay where mutation.verb == .create:
            return (.outcomeUnknown(message: error.message, requestID: error.requestID), nil)
        case .underWay:
            return (.failed(message: error.message, requestID: error.requestID, retryAfter: nil), nil)
        }
    }
}
