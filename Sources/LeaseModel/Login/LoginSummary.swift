/// Whom a login is for, and what it opens.
package struct LoginSummary: Sendable, Hashable {
    package let userName: String
    /// The projects that Keystone offers.
    package let projects: [LoginProject]
    /// The project of the configuration, by id or name; `nil` if it names none.
    package let configuredProject: String?
    /// Whether the configured project is among those offered.
    package let isMember: Bool
    /// Where the login is kept; `nil` if it is not, as nobody was asked or there is nothing to keep.
    package let cachePath: String?

    package init(
        userName: String, projects: [LoginProject], configuredProject: String?, isMember: Bool, cachePath: String?
    ) {
        self.userName = userName
        self.projects = projects
        self.configuredProject = configuredProject
        self.isMember = isMember
        self.cachePath = cachePath
    }
}

/// A project that Keystone offers to whoever logged in.
package struct LoginProject: Sendable, Hashable {
    package let id: String
    package let name: String
    package let domainID: String?

    package init?(_ value: JSONValue) {
        guard let id = value["id"]?.stringValue else { return nil }
        self.id = id
        name = value["name"]?.stringValue ?? id
        domainID = value["domain_id"]?.stringValue
    }
}
