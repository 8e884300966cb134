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
        let name: String
        if let cloud { name = cloud } else { name = try standardCloud() }
        let scopes = try scopeIDs(ofClouds: [name])
        let listings = try resourceListings(scopes: scopes).filter { $0.kind == kind }
        guard let answer = listings.first else {
            throw LeaseholdError(
                code: .notFound,
                message: """
                    What cloud '\(name)' has is not in the local database yet. \
                    Run `leasehold sync --os-cloud \(name)` once, or LeaseManager.sync(), while you are online.
                    """)
        }
        let found = try resources(kind, scopes: scopes).map(\.resource)
        guard found.isEmpty, answer.outcome != .listed else { return found }
        throw LeaseholdError(
            code: .notFound,
            message: "Cloud '\(name)' does not tell its \(kind.plural): \(answer.message ?? answer.outcome.rawValue).")
    }

    /// The name of the cloud that is meant where none is named.
    func standardCloud() throws(LeaseholdError) -> String {
        do {
            guard let cloud = try directory.configured(.standard).first else { return "" }
            return cloud.reference.description
        } catch {
            throw LeaseholdError(code: .configuration, message: error.message)
        }
    }
}
