import LeaseModel
import LeaseStore
import SyncPlanner

/// What a pull knows so far.
struct PullState: Sendable {
    let scope: Scope
    let startedAt: Timestamp
    var run: RunTicket?
    var ledger = PullLedger()
    var counts = SyncCounts()
    var serverDate: Timestamp?
    var requestID: String?
    var warnings: [String] = []

    init(scope: Scope, startedAt: Timestamp) {
        self.scope = scope
        self.startedAt = startedAt
    }
}
