/// The server's answer to the request for one missing lease.
package enum MissingLeaseAnswer: Sendable, Hashable {
    /// 404: there is no such lease.
    case notFound
    /// 403: the lease may exist, but this token may not see it.
    case forbidden
    /// 200, and the project that the lease belongs to.
    case found(projectID: String)
}

/// What became of a missing lease.
package enum MissingLease: Sendable, Hashable {
    /// It was deleted.
    case deleted
    /// It exists, but this scope does not see it.
    case outOfScope
    /// The list or the token cannot be trusted: abandon the sync.
    case distrust(reason: String)

    /// Classifies a missing lease by the server's answer.
    ///
    /// Upstream Blazar refuses another project's lease with 403. Chameleon's fork returns it (200), so only its
    /// `project_id` shows whose it is. A lease never changes its project. So if the server refuses a lease of the
    /// scope's own project, the token is not what it seems to be.
    ///
    /// - Parameters:
    ///   - answer: the server's answer.
    ///   - knownProjectID: the lease's project in the mirror.
    ///   - scopeProjectID: the project of the scope.
    ///   - seesAllProjects: whether the scope sees all projects.
    /// - Returns: what became of the lease.
    package static func classify(
        _ answer: MissingLeaseAnswer, knownProjectID: String, scopeProjectID: String, seesAllProjects: Bool
    ) -> MissingLease {
        switch answer {
        case .notFound: return .deleted
        case .forbidden:
            guard seesAllProjects || knownProjectID != scopeProjectID else {
                return .distrust(reason: "the server refuses a lease of this project, so the token is for another one")
            }
            return .outOfScope
        case .found(let projectID):
            guard !seesAllProjects, projectID != scopeProjectID else {
                return .distrust(reason: "the server has a lease that is missing from its list")
            }
            return .outOfScope
        }
    }
}
