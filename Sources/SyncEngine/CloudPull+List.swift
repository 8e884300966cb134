import BlazarClient
import Foundation
import LeaseModel
import LeaseStore
import LocalFiles
import OpenStackClient
import SyncPlanner

extension CloudPull {
    /// Reads the list to its end, keeping the slices that are new or different. Nothing is written yet: a list that
    /// turns out not to be whole must not count.
    func readList(_ state: inout PullState) async throws(PullFailure) -> SliceSpool {
        state.ledger = try storing { [scope = state.scope.id] store throws(StoreError) in
            try store.pullLedger(scope: scope)
        }
        var spool = SliceSpool(folder: SliceSpool.folder(beside: store.files.main))
        do throws(LeaseListFailure) {
            var reader = try await connection.blazar.leases()
            while case .batch(let slices) = try await next(&reader, &state) {
                for slice in slices {
                    state.counts.bytes += slice.bytes.count
                    switch state.ledger.observe(id: slice.id, digest: slice.digest) {
                    // Of a lease that is listed twice the first counts.
                    case .unchanged, .repeated: continue
                    case .new, .changed:
                        do {
                            try spool.append(slice)
                        } catch {
                            throw LeaseListFailure.notAsked(spoolError(error))
                        }
                    }
                }
                await progress(
                    .reading(
                        cloud: connection.name, bytes: state.counts.bytes, totalBytes: nil,
                        leases: state.ledger.listedCount))
            }
        } catch {
            throw PullFailure(error, cloud: connection.name)
        }
        state.counts.listed = state.ledger.listedCount
        return spool
    }

    private func next(
        _ reader: inout LeaseListReader, _ state: inout PullState
    ) async throws(LeaseListFailure) -> LeaseListStep {
        let step = try await reader.next()
        if case .end(let summary) = step {
            state.counts.bytes = summary.byteCount
            state.serverDate = summary.serverDate
            state.requestID = summary.requestID
        }
        return step
    }

    func spoolError(_ error: any Error) -> ServiceError {
        ServiceError(
            kind: .configuration,
            message: """
                The list of cloud \(connection.name) cannot be kept beside the database \(store.path) while it is read \
                (\(error.localizedDescription)). Nothing was changed; make room on the disk and try again.
                """)
    }
}
