import LeaseModel
import LeaseStore

extension CloudPull {
    /// Decodes and writes what is new or different, decoding the next batch while one is being written.
    ///
    /// - Returns: `false` if another run wrote meanwhile.
    func write(_ spool: consuming SliceSpool, _ state: inout PullState) async throws(PullFailure) -> Bool {
        var spool = spool
        let total = spool.count
        guard total > 0 else { return true }
        var done = 0
        do {
            try spool.rewind()
            var current = Self.decode(try spool.next(options.leasesPerBatch))
            while !current.isEmpty {
                let following = try spool.next(options.leasesPerBatch)
                async let decoded = Self.decode(following)
                guard let changes = try apply(current, &state) else { return false }
                done += current.count
                await progress(.writing(cloud: connection.name, done: done, of: total))
                if !changes.isEmpty { await progress(.changed(cloud: connection.name, changes: changes)) }
                current = await decoded
            }
            return true
        } catch let error as PullFailure {
            throw error
        } catch {
            throw PullFailure(spoolError(error))
        }
    }

    private func apply(
        _ decoded: [Result<ObservedLease, LeaseDecodingError>], _ state: inout PullState
    ) throws(PullFailure) -> [LeaseChange]? {
        var leases: [ObservedLease] = []
        for result in decoded {
            switch result {
            case .success(let observed):
                guard state.scope.seesAllProjects || observed.lease.projectID == state.scope.projectID else {
                    throw foreign(observed.lease, state.scope)
                }
                leases.append(observed)
            case .failure(let error):
                state.warnings.append(
                    "A lease of cloud \(connection.name) cannot be read and was left as it was: \(error).")
            }
        }
        guard var run = state.run else { return nil }
        let (scope, startedAt) = (state.scope, state.startedAt)
        let changes = try storing { store throws(StoreError) in
            try store.apply(leases, scope: scope, run: &run, at: startedAt)
        }
        state.run = run
        for change in changes ?? [] { state.counts.count(change.kind) }
        return changes
    }

    private func foreign(_ lease: BlazarLease, _ scope: Scope) -> PullFailure {
        PullFailure(
            failure: .suspect,
            message: """
                The list of cloud \(connection.name) holds the lease \(lease.id) of project \(lease.projectID), though \
                the token is for project \(scope.projectName) (\(scope.projectID)). Nothing was deleted; check the \
                credentials, or set leasehold_all_projects: true for this cloud in clouds.yaml if that is right.
                """)
    }

    private static func decode(
        _ slices: [(bytes: [UInt8], digest: UInt64)]
    ) -> [Result<ObservedLease, LeaseDecodingError>] {
        slices.map { slice in
            do throws(LeaseDecodingError) {
                guard let value = try? JSONValue(parsing: slice.bytes), let object = value.objectValue else {
                    throw LeaseDecodingError(leaseID: nil, field: "the object", problem: "is not JSON")
                }
                return .success(ObservedLease(lease: try BlazarLease(json: object), digest: slice.digest))
            } catch {
                return .failure(error)
            }
        }
    }
}
