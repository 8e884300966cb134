package import LeaseModel
package import LeaseStore
import SyncPlanner

/// Keeps leases: at a sync, looks at each rule of a site and project, and queues the extensions that are due.
package struct Keeper: Sendable {
    /// Whether a lease can be extended to an end, or how far it can be if there is none, at a time.
    package typealias Verdict =
        @Sendable (MirroredLease, _ end: Timestamp?, _ now: Timestamp) throws -> ExtensionVerdict

    private let store: LeaseStore
    private let verdict: Verdict

    /// - Parameters:
    ///   - store: the database.
    ///   - verdict: says whether an extension is possible.
    package init(store: LeaseStore, verdict: @escaping Verdict) {
        self.store = store
        self.verdict = verdict
    }

    /// Looks at the rules of a site and project.
    ///
    /// - Parameters:
    ///   - address: the site and project.
    ///   - now: the time.
    ///   - mayExtend: whether extensions may be queued.
    /// - Returns: what has changed.
    /// - Throws: ``StoreError``, or the error of the verdict.
    @discardableResult
    package func run(of address: QueueAddress, at now: Timestamp, mayExtend: Bool) throws -> [KeepNews] {
        try store.keepRules(of: address).compactMap { rule in
            guard let news = try look(rule, at: now, mayExtend: mayExtend) else { return nil }
            // What was withdrawn made room for another extension.
            guard mayExtend, news.isWithdrawal, let more = try look(news.news.rule, at: now, mayExtend: true) else {
                return news.news
            }
            return more.news
        }
    }

    private func look(
        _ rule: KeepRule, at now: Timestamp, mayExtend: Bool
    ) throws -> (news: KeepNews, isWithdrawal: Bool)? {
        let situation = try store.situation(of: rule)
        let step = try KeepPlanner(now: now).step(rule, situation, mayExtend: mayExtend) { lease, end in
            try verdict(lease, end, now)
        }
        guard step.rule != rule || step.newEnd != nil || step.withdrawn != nil else { return nil }
        let write = situation.lease.flatMap { lease in
            step.newEnd.map { Self.extension(of: lease, to: $0, rule, at: now) }
        }
        guard let taken = try store.take(step, of: rule, queueing: write, at: now) else { return nil }
        let news = KeepNews(rule: taken, end: situation.lease?.lease.endsAt, newEnd: step.newEnd)
        return (news, step.withdrawn != nil)
    }

    /// The write that extends a lease. After the lease's present end it would come too late.
    private static func `extension`(
        of lease: MirroredLease, to end: Timestamp, _ rule: KeepRule, at now: Timestamp
    ) -> Mutation {
        let fields: JSONObject = ["end_date": .string(end.blazarRequest)]
        return Mutation(
            id: 0, scopeID: rule.scopeID, address: rule.address, verb: .extend, localID: nil, leaseID: lease.id,
            leaseName: lease.lease.name, state: .queued, body: fields,
            base: ChangeDecision.values(of: lease.lease, for: fields), token: nil, notAfter: lease.lease.endsAt,
            createdAt: now)
    }
}
