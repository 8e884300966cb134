package import LeaseModel

extension KeystoneSession {
    /// Logs in, asking a person if necessary, and finds the projects.
    ///
    /// - Parameter asksAgain: whether to ask even if there is a saved login.
    /// - Returns: the user that logged in, and the projects that the login can use.
    /// - Throws: ``ServiceError``: refused, denied, not in time, or no answer.
    package nonisolated func logIn(askingAgain asksAgain: Bool) async throws(ServiceError) -> LoginSummary {
        guard case .federated(let endpoint, let login) = cloud.credentials else {
            let identity = try await identity()
            return LoginSummary(
                userName: identity.userName, projects: try await offeredProjects(),
                configuredProject: identity.projectName, isMember: true, cachePath: nil)
        }
        let token = try await authenticator.unscopedToken(endpoint, askingAgain: asksAgain)
        let projects = try await authenticator.projects(token)
        var cachePath: String?
        if case .grant(_, let grant) = login, let cache = grant.cache, try cache.read() != nil {
            cachePath = cache.path
        }
        return LoginSummary(
            userName: token.userName, projects: projects, configuredProject: cloud.project?.text,
            isMember: cloud.project.map { wanted in projects.contains { wanted.isMet(by: $0) } } ?? false,
            cachePath: cachePath)
    }

    /// Ends the saved login.
    ///
    /// - Returns: whether there was one.
    package nonisolated func logOut() async throws(ServiceError) -> Bool {
        try await authenticator.tokenSource?.logOut() ?? false
    }

    private func offeredProjects() async throws(ServiceError) -> [LoginProject] {
        let token = try await currentToken()
        return try await authenticator.projects(
            KeystoneAuthenticator.UnscopedToken(
                secret: token.secret, userName: token.identity.userName, expiresAt: nil))
    }
}

extension ProjectReference {
    /// The project's name or id.
    package var text: String {
        switch self {
        case .id(let id): id
        case .name(let name, _): name
        }
    }

    /// Whether this may refer to a project. Keystone stores ids without dashes and accepts both spellings. It compares
    /// names case-insensitively, within a domain of which only the id may be known here.
    package func isMet(by project: LoginProject) -> Bool {
        switch self {
        case .id(let id): id.replacing("-", with: "") == project.id.replacing("-", with: "")
        case .name(let name, _): name.lowercased() == project.name.lowercased()
        }
    }
}
