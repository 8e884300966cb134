package import LeaseModel
import LeaseStore
import SyncEngine

extension LeaseManager {
    /// What a cloud has of a kind, as the local database knows it.
    ///
    /// - Parameters:
    ///   - kind: of what.
    ///   - cloud: where; `nil` for the standard cloud.
    /// - Returns: the resources, if the cloud has ever listed them.
    /// - Throws: ``LeaseholdError`` of code `notFound` if it has not; of `configuration` if it cannot be told which
    ///   cloud is meant.
    package func catalogue(_ kind: ResourceKind, cloud: String?) throws(LeaseholdError) -> [CatalogueResource] {
        let found = try scope(ofCloud: cloud)
        let name: String
        if let cloud { name = cloud } else { name = try configuredCloud(nil).reference.description }
        let scopes: Set<Int64>?
        if let found { scopes = [found.id] } else { scopes = try scopeIDs(ofClouds: [name]) }
        let listings = try resourceListings(scopes: scopes).filter { $0.kind == kind }
        guard let answer = listings.first else {
            throw LeaseholdError(
                code: .notFound,
                message: """
                    What cloud '\(name)' has is not in the local database yet. \
                    Run `leasehold sync --os-cloud \(name)` once, or LeaseManager.sync(), while you are online.
                    """)
        }
        let listed = try resources(kind, scopes: scopes).map(\.resource)
        guard listed.isEmpty, answer.outcome != .listed else { return listed }
        throw LeaseholdError(
            code: .notFound,
            message: "Cloud '\(name)' does not tell its \(kind.plural): \(answer.message ?? answer.outcome.rawValue).")
    }
}
