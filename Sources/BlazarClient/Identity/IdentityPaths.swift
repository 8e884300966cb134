/// The paths of Keystone, below an endpoint that ends in `/v3`.
enum IdentityPaths {
    static var ownProjects: String { "/auth/projects" }
    static var allProjects: String { "/projects" }
    static var allUsers: String { "/users" }
}
