import BlazarClient
import LeaseModel
import LeaseStore
import OpenStackClient
import SyncPlanner

extension CloudPull {
    /// Asks for each lease that the list lacks, and tells which are gone.
    ///
    /// All are asked before any is marked: one answer that does not fit discredits the list, and with it the others.
    func confirmMissing(
        _ state: inout PullState
    ) async throws(PullFailure) -> [(key: Int64, reason: Departure.Reason)] {
        let keys = state.ledger.missingKeys
        switch MissingVerdict.of(
            known: state.ledger.knownCount, listed: state.ledger.listedCount, missing: keys.count,
            ownDeletions: state.ledger.ownDeletionCount, isConfirmed: options.confirmsDeletes)
        {
        case .none: return []
        case .suspect(let reason):
            throw suspect(
                "\(reason). Nothing was deleted; if that is right, run "
                    + "`leasehold sync --os-cloud \(connection.reference) --confirm-deletes`.")
        case .confirmEach: break
        }
        let missing: [(key: Int64, id: String, projectID: String)]
        do throws(StoreError) {
            missing = try store.missing(keys: keys)
        } catch {
            throw PullFailure(error)
        }
        var gone: [(key: Int64, reason: Departure.Reason)] = []
        var start = 0
        while start < missing.count {
            let group = missing[start..<min(start + max(1, options.concurrency), missing.count)]
            let answers = await ask(for: group.map(\.id))
            for (lease, answer) in zip(group, answers) {
                if let reason = try fate(of: lease, answer: answer.get(), scope: state.scope) {
                    gone.append((lease.key, reason))
                }
            }
            start = group.endIndex
            await progress(.confirming(cloud: connection.name, done: start, of: missing.count))
        }
        return gone
    }

    private func ask(for ids: [String]) async -> [Result<MissingAnswer, PullFailure>] {
        await withTaskGroup(of: (Int, Result<MissingAnswer, PullFailure>).self) { group in
            for (index, id) in ids.enumerated() {
                group.addTask { (index, await self.answer(for: id)) }
            }
            var answers: [Int: Result<MissingAnswer, PullFailure>] = [:]
            for await (index, answer) in group { answers[index] = answer }
            return ids.indices.compactMap { answers[$0] }
        }
    }

    private func answer(for id: String) async -> Result<MissingAnswer, PullFailure> {
        do throws(ServiceError) {
            switch try await connection.blazar.lease(id: id) {
            case .lease(let reply): return .success(.found(projectID: reply.lease.projectID))
            case .gone: return .success(.notFound)
            case .failed(let failure) where failure.category == .forbidden: return .success(.forbidden)
            case .failed(let failure):
                let operation = "asking cloud \(connection.name) for the missing lease \(id)"
                return .failure(PullFailure(failure, doing: operation))
            }
        } catch {
            return .failure(PullFailure(error))
        }
    }

    private func fate(
        of lease: (key: Int64, id: String, projectID: String), answer: MissingAnswer, scope: Scope
    ) throws(PullFailure) -> Departure.Reason? {
        let fate = MissingFate.of(
            answer, knownProjectID: lease.projectID, scopeProjectID: scope.projectID,
            seesAllProjects: scope.seesAllProjects)
        switch fate {
        case .deleted: return .deleted
        case .outOfScope: return .outOfScope
        case .distrust(let reason):
            throw suspect("\(reason) (lease \(lease.id)). Nothing was deleted; run `leasehold sync` again.")
        }
    }

    private func suspect(_ reason: String) -> PullFailure {
        PullFailure(failure: .suspect, message: "The answer of cloud \(connection.name) is not believed: \(reason)")
    }
}
