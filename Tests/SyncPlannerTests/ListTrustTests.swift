import LeaseModel
import SyncPlanner
import Testing

@Suite("The pull planner")
struct ListTrustTests {
    @Test("A ledger distinguishes unchanged, changed, new, repeated, returned and missing leases")
    func ledger() {
        var ledger = ListLedger()
        ledger.enter(id: "a", .init(key: 1, digest: 10, isGone: false))
        ledger.enter(id: "b", .init(key: 2, digest: 20, isGone: false))
        ledger.enter(id: "c", .init(key: 3, digest: 30, isGone: true))
        ledger.enter(id: "d", .init(key: 4, digest: 40, isGone: false))
        #expect(ledger.knownCount == 3)
        #expect(ledger.observe(id: "a", digest: 10) == .unchanged)
        #expect(ledger.observe(id: "a", digest: 10) == .repeated)
        #expect(ledger.observe(id: "b", digest: 21) == .changed)
        #expect(ledger.observe(id: "c", digest: 30) == .changed)
        #expect(ledger.observe(id: "e", digest: 1) == .new)
        #expect(ledger.observe(id: "e", digest: 2) == .repeated)
        #expect(ledger.listedCount == 4)
        #expect(ledger.missingKeys == [4])
        #expect(ledger.ownDeletionCount == 0)
    }

    @Test("Own deletions are counted among the missing leases that are still recorded as listed")
    func ownDeletions() {
        var ledger = ListLedger()
        ledger.enter(id: "missing", .init(key: 1, digest: 1, isGone: false, isBeingDeleted: true))
        ledger.enter(id: "listed", .init(key: 2, digest: 2, isGone: false, isBeingDeleted: true))
        ledger.enter(id: "gone", .init(key: 3, digest: 3, isGone: true, isBeingDeleted: true))
        _ = ledger.observe(id: "listed", digest: 2)
        #expect(ledger.missingKeys == [1])
        #expect(ledger.ownDeletionCount == 1)
    }

    @Test(
        "Own deletions are no reason to doubt a list, and do not excuse other missing leases",
        arguments: [
            // known, listed, missing, own → believed
            (1, 0, 1, 1, true), (5, 0, 5, 5, true), (5, 0, 5, 4, false), (100, 75, 25, 5, false),
            (100, 75, 25, 10, true), (20, 12, 8, 4, false), (20, 12, 8, 5, true),
        ])
    func ownDeletionsAreBelieved(known: Int, listed: Int, missing: Int, own: Int, believed: Bool) {
        let verdict = ListTrust.of(
            known: known, listed: listed, missing: missing, ownDeletions: own, isConfirmed: false)
        #expect((verdict == .confirmEach) == believed)
    }

    @Test(
        "A limited number of missing leases is believed",
        arguments: [
            // known, listed, missing, confirmed → believed
            (0, 0, 0, false, true), (1, 0, 1, false, false), (500, 0, 500, false, false), (500, 0, 500, true, true),
            (4, 1, 3, false, true), (4, 0, 4, false, false), (5, 1, 4, false, false), (100, 80, 20, false, true),
            (100, 79, 21, false, false), (100, 79, 21, true, true), (100, 120, 20, false, true),
        ])
    func threshold(known: Int, listed: Int, missing: Int, confirmed: Bool, believed: Bool) {
        let verdict = ListTrust.of(known: known, listed: listed, missing: missing, isConfirmed: confirmed)
        switch verdict {
        case .none: #expect(missing == 0 && believed)
        case .confirmEach: #expect(believed)
        case .suspect(let reason):
            #expect(!believed)
            #expect(reason.contains("\(known)"))
        }
    }

    @Test("The fate of a missing lease follows from the server's answer and the scope")
    func missingLeases() {
        func verdict(_ answer: MissingLeaseAnswer, of project: String = "mine", all: Bool = false) -> MissingLease {
            MissingLease.classify(answer, knownProjectID: project, scopeProjectID: "mine", seesAllProjects: all)
        }
        func isDistrust(_ verdict: MissingLease) -> Bool { if case .distrust = verdict { true } else { false } }
        #expect(verdict(.notFound) == .deleted)
        #expect(verdict(.notFound, all: true) == .deleted)
        #expect(verdict(.found(projectID: "other")) == .outOfScope)
        #expect(isDistrust(verdict(.found(projectID: "mine"))))
        #expect(isDistrust(verdict(.found(projectID: "other"), all: true)))
        #expect(isDistrust(verdict(.forbidden)))
        #expect(verdict(.forbidden, of: "other", all: true) == .outOfScope)
    }

    @Test("Backoff grows to its cap, and never waits less than the server asks")
    func backoff() {
        let backoff = Backoff(baseSeconds: 2, capSeconds: 60)
        #expect([0, 1, 2, 3, 5, 6, 50].map(backoff.ceiling) == [0, 2, 4, 8, 32, 60, 60])
        var random = SystemRandomNumberGenerator()
        for failures in 0..<40 {
            let wait = backoff.seconds(failures: failures, retryAfter: nil, using: &random)
            #expect(wait >= 0 && wait <= backoff.ceiling(failures: failures))
            #expect(backoff.seconds(failures: failures, retryAfter: 90, using: &random) == 90)
        }
    }
}
