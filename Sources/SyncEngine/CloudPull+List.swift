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
            var pager = LeasePager(allProjects: state.scope.seesAllProjects)
            while try await readPage(&pager, &spool, &state) {}
        } catch {
            throw PullFailure(error, cloud: connection.name)
        }
        state.counts.listed = state.ledger.listedCount
        return spool
    }

    /// Reads a page to its end.
    ///
    /// - Returns: whether another follows.
    private func readPage(
        _ pager: inout LeasePager, _ spool: inout SliceSpool, _ state: inout PullState
    ) async throws(LeaseListFailure) -> Bool {
        var reader = try await ask(&pager)
        let (bytesBefore, listedBefore) = (state.counts.bytes, state.ledger.listedCount)
        while true {
            switch try await reader.next() {
            case .batch(let slices):
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
            case .end(let summary):
                state.counts.bytes = bytesBefore + summary.byteCount
                // What a later page says is no older than the first.
                state.serverDate = state.serverDate ?? connection.confirmed(summary.serverDate, sent: state.startedAt)
                state.requestID = summary.requestID
                do {
                    return try pager.advance(after: summary, new: state.ledger.listedCount - listedBefore)
                } catch {
                    throw .notAList(error, requestLine: summary.requestLine, requestID: summary.requestID)
                }
            }
        }
    }

    /// Asks for a page; once more without `limit`, if the server refuses that.
    private func ask(_ pager: inout LeasePager) async throws(LeaseListFailure) -> LeaseListReader {
        do {
            return try await connection.blazar.leases(query: pager.query)
        } catch {
            guard case .refused(let refusal) = error, refusal.status == 400, pager.simplify() else { throw error }
            return try await connection.blazar.leases(query: pager.query)
        }
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
