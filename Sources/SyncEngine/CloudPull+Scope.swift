import LeaseModel
import LeaseStore
import OpenStackClient

extension CloudPull {
    /// Logs in, and finds the scope of the token.
    ///
    /// A credential that names no project, such as a token, may lead to another one than before without anybody having
    /// meant it: then a person has to confirm.
    func findScope() async throws(PullFailure) -> Scope {
        let identity: TokenIdentity
        let found: ScopeIdentity
        do {
            identity = try await connection.session.identity()
            found = try connection.scopeIdentity(identity)
        } catch {
            throw PullFailure(error)
        }
        let before = try storing { store throws(StoreError) in
            try store.scope(ofCloud: connection.reference.description)
        }
        if let before, before.projectID != identity.projectID,
            (before.endpoint, before.region) == (found.endpoint, found.region),
            !identity.isProjectConfigured, !options.confirmsProject
        {
            throw PullFailure(
                failure: .suspect,
                message: """
                    The credentials of cloud \(connection.name) were for project \(before.projectName) \
                    (\(before.projectID)) and are now for \(identity.projectName) (\(identity.projectID)), which the \
                    configuration does not name. Nothing was changed; if that is right, run \
                    `leasehold sync --os-cloud \(connection.reference) --confirm-project`.
                    """)
        }
        return try storing { store throws(StoreError) in
            try store.scope(for: found, at: connection.now())
        }
    }
}
