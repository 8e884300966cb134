public import LeaseModel
import LeaseStore
import SyncEngine

extension LeaseManager {
    /// The scope that a cloud led to when it was last used.
    ///
    /// - Parameter cloud: the cloud's name; `nil` for the default cloud.
    /// - Returns: the scope; `nil` if the cloud has never been synced.
    /// - Throws: ``LeaseholdError`` with the code `configuration` if the cloud cannot be determined.
    public func scope(ofCloud cloud: String? = nil) throws(LeaseholdError) -> Scope? {
        let configured: CloudDirectory.Configured
        do {
            configured = try configuredCloud(cloud)
        } catch {
            guard let cloud else { throw error }
            return try reading { store throws(StoreError) in try store.scope(ofCloud: cloud) }
        }
        return try reading { _ throws(StoreError) in try rememberedScope(of: configured) }
    }

    /// What is known about the resources of a scope's site.
    public func catalog(of scope: Scope) throws(LeaseholdError) -> SiteCatalog {
        var listed: [ResourceKind: [CatalogResource]] = [:]
        var notOffered: Set<ResourceKind> = []
        for listing in try resourceListings(scopes: [scope.id]) {
            switch listing.outcome {
            case .listed: listed[listing.kind] = try listedResources(listing.kind, scopes: [scope.id])
            case .notOffered: notOffered.insert(listing.kind)
            case .forbidden, .failed: break
            }
        }
        return SiteCatalog(listed: listed, notOffered: notOffered)
    }

    /// The rules for leases at a scope's site, from the user's policy file; empty if there is no file.
    ///
    /// - Throws: ``LeaseholdError`` with the code `configuration` if the file is invalid.
    public func policy(of scope: Scope) throws(LeaseholdError) -> SitePolicy {
        try policies().policy(of: scope.clouds + [scope.site])
    }

    /// The rules for leases at all sites, from the user's policy file.
    ///
    /// - Throws: ``LeaseholdError`` with the code `configuration` if the file is invalid.
    public func policies() throws(LeaseholdError) -> SitePolicies {
        do throws(CloudError) {
            return try directory.policies()
        } catch {
            throw LeaseholdError(code: .configuration, message: error.message)
        }
    }

    /// What is wrong with the policy file; `nil` if it is valid or there is none.
    public static func policyProblem(_ configuration: Configuration) -> String? {
        do throws(CloudError) {
            _ = try directory(configuration).policies()
            return nil
        } catch {
            return error.message
        }
    }

    /// Reviews a draft before it is sent, using the catalog and the policy file. An invalid policy file is a warning
    /// too.
    ///
    /// - Parameters:
    ///   - draft: the lease.
    ///   - scope: the scope whose project it is for.
    ///   - lateStart: what to do about a start that has passed; `nil` for the draft's default.
    /// - Returns: the findings.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func review(
        _ draft: LeaseDraft, scope: Scope, lateStart: LateStartPolicy? = nil
    ) throws(LeaseholdError) -> [DraftFinding] {
        var findings: [DraftFinding] = []
        var policy = SitePolicy()
        do {
            policy = try self.policy(of: scope)
        } catch {
            findings.append(DraftFinding(.warning, field: "policy", error.message))
        }
        let catalog = try catalog(of: scope)
        let flavors = Dictionary(
            (catalog[.flavor] ?? []).compactMap { flavor in flavor.name.map { (flavor.id, $0) } }
        ) { first, _ in first }
        let users = try reading { store throws(StoreError) in try store.users(of: scope.id) }
        let review = DraftReview(
            catalog: catalog,
            rules: policy.rules(for: LeaseSubject(draft, scope: scope, users: users, flavors: flavors)),
            cost: Self.cost(of: draft, policy, flavors: flavors, now: configuration.now()),
            lateStart: lateStart ?? .expire, now: configuration.now())
        return findings + review.findings(draft)
    }

    /// What a lease costs in service units; `nil` if not known, or if the policy has no rates.
    private static func cost(
        of draft: LeaseDraft, _ policy: SitePolicy, flavors: [String: String], now: Timestamp
    ) -> Double? {
        let start: Timestamp = if case .at(let time) = draft.start { time } else { now }
        guard !policy.rates.isEmpty, start < draft.endsAt else { return nil }
        let rates = RateTable(policy)
        var sum = 0.0
        for fields in draft.reservations {
            let held = HeldReservation(requesting: fields, flavors: flavors)
            guard let part = rates.serviceUnits(of: held, in: start..<draft.endsAt) else { return nil }
            sum += part
        }
        return sum
    }

    /// What Blazar is sure to refuse about a change, given what is known of the lease.
    func review(
        _ verb: Mutation.Verb, _ fields: JSONObject, of target: WriteTarget
    ) throws(LeaseholdError) -> [DraftFinding] {
        guard verb != .delete else { return [] }
        let now = configuration.now()
        var findings: [DraftFinding] = []
        if verb == .extend, let present = target.endsAt?.truncatedToMinute,
            let end = fields["end_date"]?.stringValue.flatMap({ Timestamp(parsing: $0) }), end < present
        {
            findings.append(
                DraftFinding(
                    .refusal, field: "end_date",
                    "It already ends at \(present): an extension never shortens a lease, but an update can."))
        }
        switch target {
        case .mirrored(let lease):
            if lease.removal != nil {
                throw LeaseholdError(code: .notFound, message: "The lease \"\(target.name)\" has been deleted.")
            }
            let pending = lease.pending.filter { $0.verb != .create }.map(\.body)
            findings += ChangeReview(lease: lease.lease, pending: pending, now: now).findings(fields)
        case .creation(let creation, _):
            findings += Self.findings(changing: creation, by: fields, lateStart: creation.lateStart, now: now)
        }
        return findings
    }

    /// What Blazar is sure to refuse about an unsent write after it is edited.
    func review(
        editing mutation: Mutation, by fields: JSONObject, lateStart: LateStartPolicy?
    ) throws(LeaseholdError) -> [DraftFinding] {
        let now = configuration.now()
        guard mutation.verb != .create else {
            return Self.findings(changing: mutation, by: fields, lateStart: lateStart ?? mutation.lateStart, now: now)
        }
        guard let leaseID = mutation.leaseID else { return [] }
        let lease = try reading { store throws(StoreError) in try store.lease(id: leaseID, scope: mutation.scopeID) }
        let asked = LeaseFields(mutation.body).merging(LeaseFields(fields)).body
        return lease.map { ChangeReview(lease: $0.lease, now: now).findings(asked) } ?? []
    }

    private static func findings(
        changing creation: Mutation, by fields: JSONObject, lateStart: LateStartPolicy, now: Timestamp
    ) -> [DraftFinding] {
        let change = LeaseFields(fields)
        let localID = creation.localID ?? ""
        let isUnsent = creation.unconfirmed == nil && ![.sending, .accepted, .settled].contains(creation.state)
        if !change.reservations.isEmpty, !isUnsent {
            return [
                DraftFinding(
                    .refusal, field: "reservations",
                    "The creation has been sent: its reservations get their ids when the cloud has answered "
                        + "(leasehold sync).")
            ]
        }
        let known = WriteTarget.creation(creation, pending: []).reservationIDs
        let strangers = change.reservations.map(\.id).filter { !known.contains($0) }
        var findings = strangers.map {
            DraftFinding(
                .refusal, field: "reservations[\($0)]",
                "The lease has no such reservation. It has \(known.joined(separator: ", ")).")
        }
        if !change.unidentified.isEmpty {
            findings.append(
                DraftFinding(.refusal, field: "reservations", "A reservation is changed by its id: give id=….")
            )
        }
        guard findings.isEmpty else { return findings }
        let body = LeaseFields.merge(fields, intoDraft: creation.body, localID: localID)
        do {
            let review = DraftReview(lateStart: lateStart, now: now)
            return review.findings(try LeaseDraft(body: body)).filter { $0.severity == .refusal }
        } catch {
            return [DraftFinding(.refusal, field: error.field, "It \(error.problem).")]
        }
    }
}
