package import LeaseModel
package import LeaseStore

/// Where a cloud's credentials lead, compared with where a write has to go.
///
/// A write is bound to a site and project when it is queued. Which cloud sends it is decided by the token, each time.
package enum CloudDestination {
    /// One sentence about writes that a cloud must not send.
    package static func detour(of cloud: CloudReference, from bound: Scope, to led: Scope) -> String {
        "It waits: it is for \(place(bound)), but cloud \(cloud) now leads to \(place(led))."
    }

    /// One sentence about writes that no configured cloud can send.
    package static func unreached(_ bound: Scope) -> String {
        "It waits: it is for \(place(bound)), and no configured cloud leads there."
    }

    private static func place(_ scope: Scope) -> String {
        let region = scope.region.isEmpty ? "" : ", region \(scope.region)"
        return "project \(scope.projectName) at \(scope.endpoint)\(region)"
    }
}

/// A creation whose cloud was edited since it was last used, and could not be asked: where it leads now is not known.
package struct UnconfirmedDestination: Sendable, Hashable {
    package static let reason = "cloud"
    package let cloud: CloudReference

    package init(cloud: CloudReference) { self.cloud = cloud }

    /// The creation as it waits until the cloud's token tells where it leads.
    func holding(_ creation: Mutation, bound: Scope) -> Mutation {
        var next = creation
        next.state = .blocked
        next.reason = Self.reason
        next.base = ["cloud": .string(cloud.description)]
        next.message = """
            It waits: the configuration of cloud \(cloud) has changed since it was last used, when it led to project \
            \(bound.projectName) at \(bound.endpoint). The creation is sent if the cloud still leads there, which the \
            next `leasehold sync --os-cloud \(cloud)` finds out.
            """
        return next
    }

    static func holds(_ mutation: Mutation, of cloud: CloudReference) -> Bool {
        mutation.state == .blocked && mutation.reason == reason
            && mutation.base["cloud"]?.stringValue == cloud.description
    }

    /// The creation, once the token has said that its cloud leads where it is bound to.
    static func released(_ mutation: Mutation, by cloud: CloudReference, at now: Timestamp) -> Mutation {
        guard holds(mutation, of: cloud) else { return mutation }
        var next = mutation
        next.state = .queued
        next.reason = nil
        next.message = nil
        next.base = [:]
        next.nextAttemptAt = now
        next.updatedAt = now
        return next
    }
}

extension LeaseStore {
    /// The scope of a token, if it has been used before.
    func knownScope(of identity: ScopeIdentity) throws(StoreError) -> Scope? {
        try scopes().first {
            $0.endpoint == SiteEndpoint.normalized(identity.endpoint) && $0.region == identity.region
                && $0.projectID == identity.projectID && $0.seesAllProjects == identity.seesAllProjects
        }
    }

    /// Tells of the writes that a cloud would have sent where it led before, and must not send where it leads now.
    ///
    /// - Parameters:
    ///   - cloud: the cloud.
    ///   - before: where it led when it was last used.
    ///   - led: where its token leads.
    ///   - now: the time.
    /// - Returns: a sentence for each.
    /// - Throws: ``StoreError``.
    func noteDetours(
        of cloud: CloudReference, before: Scope?, to led: Scope, at now: Timestamp
    ) throws(StoreError) -> [String] {
        let elsewhere = try mutations(scopes: nil, includesFinal: false).filter { $0.address != led.queueAddress }
        guard !elsewhere.isEmpty else { return [] }
        let bound = try scopes()
        var sentences: [String] = []
        for mutation in elsewhere {
            let isHeld = UnconfirmedDestination.holds(mutation, of: cloud)
            guard isHeld || (mutation.state == .queued && mutation.address == before?.queueAddress),
                let scope = bound.first(where: { $0.queueAddress == mutation.address })
            else { continue }
            var sentence = CloudDestination.detour(of: cloud, from: scope, to: led)
            if isHeld {
                sentence += """
                     Cancel it with `leasehold queue cancel \(mutation.id)`, or have it sent to where it is for with \
                    `leasehold queue retry \(mutation.id)`.
                    """
            }
            sentences.append("Write \(mutation.id) (\(mutation.verb.rawValue) \"\(mutation.leaseName)\"): \(sentence)")
            try remark(sentence, on: mutation, at: now)
        }
        return sentences
    }

    /// Writes down what a person should know of a write that has not left.
    package func remark(_ sentence: String, on mutation: Mutation, at now: Timestamp) throws(StoreError) {
        _ = try changeMutation(id: mutation.id) { present, _ in
            guard [.queued, .blocked].contains(present.state), present.message != sentence else { return [] }
            var next = present
            next.message = sentence
            next.updatedAt = now
            return [next]
        }
    }
}
