/// What to do about leases that the mirror holds and a complete list did not have.
package enum MissingVerdict: Sendable, Hashable {
    /// None is missing.
    case none
    /// Ask the server for each by itself.
    case confirmEach
    /// Too many to believe: change nothing, and tell.
    case suspect(reason: String)

    /// Decides.
    ///
    /// A list that is suddenly empty, or lacks more than three leases and more than a fifth of what was known, is more
    /// likely a wrong answer than so many deletions; a person can say otherwise. What we deleted ourselves is neither
    /// known nor missing here: its absence is what was asked for, also where the answer to that was lost.
    ///
    /// - Parameters:
    ///   - known: the leases that the mirror holds as listed.
    ///   - listed: the leases in the list.
    ///   - missing: the known leases that are not in the list.
    ///   - ownDeletions: those of the missing for which a deletion of ours has left.
    ///   - isConfirmed: whether a person has said that so many deletions are real.
    /// - Returns: the verdict.
    package static func of(known: Int, listed: Int, missing: Int, ownDeletions: Int = 0, isConfirmed: Bool)
        -> MissingVerdict
    {
        guard missing > 0 else { return .none }
        let (known, missing) = (known - ownDeletions, missing - ownDeletions)
        guard missing > 0, !isConfirmed else { return .confirmEach }
        if listed == 0 {
            return .suspect(reason: "the list is empty although \(known) lease\(known == 1 ? " was" : "s were") known")
        }
        guard missing * 5 > known, missing > 3 else { return .confirmEach }
        return .suspect(reason: "\(missing) of \(known) known leases are missing from the list")
    }
}

/// What the server said when asked for one missing lease.
package enum MissingAnswer: Sendable, Hashable {
    /// 404: there is no such lease.
    case notFound
    /// 403: there may be one, but not for this token.
    case forbidden
    /// 200, and the project it belongs to.
    case found(projectID: String)
}

/// What follows from that answer.
package enum MissingFate: Sendable, Hashable {
    /// It was deleted.
    case deleted
    /// It is there, but this scope does not see it.
    case outOfScope
    /// The list, or the token, cannot be trusted: abandon the pass.
    case distrust(reason: String)

    /// Decides.
    ///
    /// Upstream Blazar refuses another project's lease with 403; Chameleon's fork gives it (200), so that only its
    /// `project_id` tells. A lease never changes its project: a refusal of one that was this project's says that the
    /// token is not what it seems.
    ///
    /// - Parameters:
    ///   - answer: what the server said.
    ///   - knownProjectID: the project the mirror has for the lease.
    ///   - scopeProjectID: the project of the scope.
    ///   - seesAllProjects: whether the scope sees every project.
    /// - Returns: the fate of the lease.
    package static func of(
        _ answer: MissingAnswer, knownProjectID: String, scopeProjectID: String, seesAllProjects: Bool
    ) -> MissingFate {
        switch answer {
        case .notFound: return .deleted
        case .forbidden:
            guard seesAllProjects || knownProjectID != scopeProjectID else {
                return .distrust(reason: "the server refuses a lease of this project, so the token is not of it")
            }
            return .outOfScope
        case .found(let projectID):
            guard !seesAllProjects, projectID != scopeProjectID else {
                return .distrust(reason: "the server has a lease that its list left out")
            }
            return .outOfScope
        }
    }
}
