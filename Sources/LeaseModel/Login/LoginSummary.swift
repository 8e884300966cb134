/// Who logged in, and which projects the login gives access to.
package struct LoginSummary: Sendable, Hashable {
    package let userName: String
    /// The projects that Keystone offers.
    package let projects: [LoginProject]
    /// The project in the configuration, by id or name; `nil` if it names none.
    package let configuredProject: String?
    /// Whether the configured project is among those that Keystone offers.
    package let isMember: Bool
    /// Where the login is stored; `nil` if it is not, because nobody was asked or there is nothing to store.
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

/// A project that Keystone offers to the user who logged in.
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
