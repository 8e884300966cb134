public import LeaseModel
import LeaseStore
import SyncEngine

extension LeaseManager {
    /// The scope that a cloud led to when it was last used.
    ///
    /// - Parameter cloud: its name; `nil` for the standard cloud.
    /// - Returns: the scope; `nil` if the cloud has never been synced.
    /// - Throws: ``LeaseholdError`` of code `configuration` if it cannot be told which cloud is meant.
    public func scope(ofCloud cloud: String? = nil) throws(LeaseholdError) -> Scope? {
        let name: String
        if let cloud { name = cloud } else { name = try standardCloud() }
        return try reading { store throws(StoreError) in try store.scope(ofCloud: name) }
    }

    /// What is known of the things that a scope's site has.
    public func catalogue(of scope: Scope) throws(LeaseholdError) -> SiteCatalogue {
        var listed: [ResourceKind: [CatalogueResource]] = [:]
        var notOffered: Set<ResourceKind> = []
        for listing in try resourceListings(scopes: [scope.id]) {
            switch listing.outcome {
            case .listed: listed[listing.kind] = try resources(listing.kind, scopes: [scope.id]).map(\.resource)
            case .notOffered: notOffered.insert(listing.kind)
            case .forbidden, .failed: break
            }
        }
        return SiteCatalogue(listed: listed, notOffered: notOffered)
    }

    /// What a person wrote down of what a site asks of leases; nothing if there is no policy file.
    ///
    /// - Throws: ``LeaseholdError`` of code `configuration` if the file cannot be understood.
    public func policy(of scope: Scope) throws(LeaseholdError) -> SitePolicy {
        try policies().policy(of: scope.clouds + [scope.site])
    }

    /// What a person wrote down of what sites ask of leases.
    ///
    /// - Throws: ``LeaseholdError`` of code `configuration` if the file cannot be understood.
    public func policies() throws(LeaseholdError) -> SitePolicies {
        do throws(CloudFault) {
            return try directory.policies()
        } catch {
            throw LeaseholdError(code: .configuration, message: error.message)
        }
    }

    /// What can be told of a draft before it is sent, from the catalogue and the policy file. A policy file that cannot
    /// be understood is a warning, too.
    public func review(_ draft: LeaseDraft, scope: Scope) throws(LeaseholdError) -> [DraftFinding] {
        var findings: [DraftFinding] = []
        var policy = SitePolicy()
        do {
            policy = try self.policy(of: scope)
        } catch {
            findings.append(DraftFinding(.warning, field: "policy", error.message))
        }
        let review = DraftReview(catalogue: try catalogue(of: scope), policy: policy, now: configuration.now())
        return findings + review.findings(draft)
    }
}
