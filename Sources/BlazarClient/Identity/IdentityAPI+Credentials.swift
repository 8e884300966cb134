package import LeaseModel
package import OpenStackClient

extension IdentityAPI {
    /// When an application credential of a user ends; `nil` inside if it never does.
    ///
    /// A restricted credential may not ask about itself: then it is forbidden.
    package func end(
        ofApplicationCredential reference: ApplicationCredentialReference, user: String
    ) async throws(ServiceError) -> Offered<Timestamp?> {
        let all = "\(IdentityPaths.allUsers)/\(URLText.encoded(user))/application_credentials"
        let path =
            switch reference {
            case .id(let id): "\(all)/\(URLText.encoded(id))"
            case .name(let name, _): all + URLText.query([("name", name)])
            }
        let reply = try await caller.call(ServiceRequest(.identity, "GET", path))
        guard let object = reply.object else { return Offered(refusal: reply.failure()) }
        let found = object["application_credential"] ?? object["application_credentials"]?.arrayValue?.first
        return .listed(found?["expires_at"]?.stringValue.flatMap(Timestamp.init(parsing:)))
    }
}
