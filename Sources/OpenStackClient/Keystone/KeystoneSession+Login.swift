package import LeaseModel

extension KeystoneSession {
    /// Logs in, asking a person if that is needed, and finds the projects.
    ///
    /// - Parameter asksAgain: whether to ask even if there is a login.
    /// - Returns: whom the login is for, and what it opens.
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

    /// Ends the login that is kept.
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
    /// Its name or id.
    package var text: String {
        switch self {
        case .id(let id): id
        case .name(let name, _): name
        }
    }

    /// Whether it may mean a project. Keystone keeps ids without dashes and takes both; names it compares without
    /// regard to case, and in a domain that is known here by its id only.
    package func isMet(by project: LoginProject) -> Bool {
        switch self {
        case .id(let id): id.replacing("-", with: "") == project.id.replacing("-", with: "")
        case .name(let name, _): name.lowercased() == project.name.lowercased()
        }
    }
}
