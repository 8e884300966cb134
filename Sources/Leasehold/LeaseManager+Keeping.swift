public import LeaseModel
import LeaseStore
import SyncEngine

extension LeaseManager {
    /// Keeps a lease: from now on, each sync of its cloud extends it when its site allows that, until a moment. If the
    /// lease is kept already, the new limits replace the old ones.
    ///
    /// - Parameters:
    ///   - reference: the lease: its id, its name, the beginning of its id, or its local id.
    ///   - until: no extension goes beyond this.
    ///   - minStepSeconds: the shortest extension, in seconds.
    ///   - clouds: the clouds to search for the lease; empty for all.
    /// - Returns: the rule, with what is known of the next extension.
    /// - Throws: ``LeaseholdError``.
    public func keep(
        _ reference: String, until: Timestamp, minStepSeconds: Int64, clouds: [String] = []
    ) throws(LeaseholdError) -> KeepRule {
        let target = try writeTarget(reference, clouds: clouds)
        guard let scope = try scopes().first(where: { $0.id == target.scopeID }) else {
            throw LeaseholdError(code: .notFound, message: "The scope of '\(reference)' is no longer known.")
        }
        let until = until.truncatedToMinute
        var leaseID: String?
        if case .mirrored(let lease) = target {
            leaseID = lease.id
            guard lease.removal == nil, lease.lease.status != .terminated, lease.lease.endsAt > configuration.now()
            else {
                throw LeaseholdError(code: .invalid, message: "'\(target.name)' has ended: it cannot be kept.")
            }
        }
        if let end = try endWithoutKeeping(target), end >= until {
            throw LeaseholdError(
                code: .invalid, message: "'\(target.name)' lasts until \(end) already: there is nothing to keep.")
        }
        let wanted = KeepRule(
            id: 0, address: scope.queueAddress, scopeID: scope.id, site: scope.site, leaseID: leaseID,
            localID: target.localID, leaseName: target.name, until: until, minStepSeconds: minStepSeconds,
            createdAt: configuration.now())
        let rule = try reading { store throws(StoreError) in try store.keep(wanted) }
        do {
            try keeper.run(of: scope.queueAddress, at: configuration.now(), mayExtend: false)
        } catch {
            throw LeaseholdError(writing: error)
        }
        return try keepRules(endedAfter: configuration.now()).first { $0.id == rule.id } ?? rule
    }

    /// When the lease ends, without an extension of its own rule that was not sent: a new rule cancels that.
    private func endWithoutKeeping(_ target: WriteTarget) throws(LeaseholdError) -> Timestamp? {
        guard case .mirrored(let lease) = target, let own = try keepRule(of: lease)?.mutationID,
            lease.pending.contains(where: { $0.id == own && $0.wasNeverSent })
        else { return target.endsAt }
        return lease.pending.filter { $0.id != own && $0.verb != .create }
            .reduce(lease.lease) { $0.applying($1.body) }.endsAt
    }

    /// The leases that are kept, and those that were.
    ///
    /// - Parameters:
    ///   - scopes: the scopes whose sites and projects count; `nil` for all.
    ///   - moment: rules that ended before this are left out.
    /// - Returns: the rules, in the order in which they were asked for.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func keepRules(
        scopes: Set<Int64>? = nil, endedAfter moment: Timestamp
    ) throws(LeaseholdError) -> [KeepRule] {
        try reading { store throws(StoreError) in try store.keepRules(scopes: scopes, endedAfter: moment) }
    }

    /// The rule by which a lease is kept; `nil` if it is not kept.
    public func keepRule(of lease: MirroredLease) throws(LeaseholdError) -> KeepRule? {
        try keepRules(scopes: [lease.scopeID], endedAfter: configuration.now()).first {
            $0.ending == nil && [$0.leaseID, $0.localID].contains(lease.id)
        }
    }

    /// Stops keeping a lease. An extension that has not been sent is canceled.
    ///
    /// - Parameters:
    ///   - reference: the lease, which need no longer exist: its name, its id, the beginning of its id, or its local id.
    ///   - scopes: the scopes to search; `nil` for all.
    /// - Returns: the rule, which has ended.
    /// - Throws: ``LeaseholdError`` with the code `notFound` or `ambiguous`.
    public func stopKeeping(_ reference: String, scopes: Set<Int64>? = nil) throws(LeaseholdError) -> KeepRule {
        let kept = try keepRules(scopes: scopes, endedAfter: configuration.now()).filter { $0.ending == nil }
        let exact = kept.filter { [$0.leaseID, $0.localID, $0.leaseName].contains(reference) }
        let found =
            exact.isEmpty && reference.count >= 4 ? kept.filter { $0.leaseID?.hasPrefix(reference) == true } : exact
        guard let rule = found.first else {
            throw LeaseholdError(
                code: .notFound, message: "'\(reference)' is not kept. What is kept: leasehold keep list")
        }
        guard found.count == 1 else {
            let ids = found.compactMap { $0.leaseID ?? $0.localID }.joined(separator: ", ")
            throw LeaseholdError(
                code: .ambiguous, message: "'\(reference)' may be any of these leases: \(ids). Give the id.")
        }
        let time = configuration.now()
        return try reading { store throws(StoreError) in try store.stopKeeping(rule.id, at: time) } ?? rule
    }

    /// What keeps leases at a sync.
    var keeper: Keeper { Keeper(store: store) { [self] in try verdict(extending: .mirrored($0), to: $1, at: $2) } }
}
