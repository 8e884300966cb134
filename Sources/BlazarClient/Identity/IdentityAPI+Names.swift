package import LeaseModel
package import OpenStackClient

extension IdentityAPI {
    /// The projects that the user is a member of. Everybody may ask.
    package func ownProjects() async throws(ServiceError) -> Offered<[CatalogueResource]> {
        try await caller.resources(
            .init(.identity, "GET", IdentityPaths.ownProjects), member: "projects", kind: .project)
    }

    /// All projects. For admins.
    package func allProjects() async throws(ServiceError) -> Offered<[CatalogueResource]> {
        try await caller.resources(
            .init(.identity, "GET", IdentityPaths.allProjects), member: "projects", kind: .project)
    }

    /// All users. For admins.
    package func allUsers() async throws(ServiceError) -> Offered<[CatalogueResource]> {
        try await caller.resources(.init(.identity, "GET", IdentityPaths.allUsers), member: "users", kind: .user)
    }
}
