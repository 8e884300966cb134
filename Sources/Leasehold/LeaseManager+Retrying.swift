import LeaseModel

extension LeaseManager {
    /// Lets some time pass after a creation has failed for good, so that another may be asked for; what is left of it in
    /// `ERROR` is deleted first.
    ///
    /// - Parameters:
    ///   - result: what came of the creation.
    ///   - attempt: how many have failed, 1 or more.
    /// - Throws: ``LeaseholdError`` if the database cannot be read, or `CancellationError`.
    /// - Returns: `false` if a lease may still come, or have come, of it: then there must not be another.
    package func clearTheWay(after result: WriteResult, attempt: Int) async throws -> Bool {
        // 0: it was there before, and is not ours to delete.
        guard result.mutation.id != 0 else { return false }
        let creation = try mutation(result.mutation.id).mutation
        let failed = try creation.leaseID.map { try lease($0, scopes: [creation.scopeID]) }
        if let failed, failed.departure == nil {
            guard failed.lease.status == .error else { return false }
            let deletion = try await change(.delete, failed.id) { _ in [:] }
            guard [.accepted, .settled].contains(deletion.mutation.state) else { return false }
        } else if failed == nil {
            guard creation.state == .rejected else { return false }
        }
        try await sleep(Double(1 << min(attempt, 5)))
        return true
    }
}
