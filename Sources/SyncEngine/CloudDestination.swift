package import LeaseModel
package import LeaseStore

/// Compares the site and project that a cloud's credentials lead to with those that a write is bound to.
///
/// A write is bound to a site and project when it is queued. At each attempt, only a cloud whose token is for them may
/// send it.
package enum CloudDestination {
    /// A sentence about writes that a cloud must not send.
    package static func detour(of cloud: CloudReference, from bound: Scope, to actual: Scope) -> String {
        "It waits: it is for \(place(bound)), but cloud \(cloud) now leads to \(place(actual))."
    }

    /// A sentence about writes that no configured cloud can send.
    package static func unreached(_ bound: Scope) -> String {
        "It waits: it is for \(place(bound)), and no configured cloud leads there."
    }

    private static func place(_ scope: Scope) -> String {
        let region = scope.region.isEmpty ? "" : ", region \(scope.region)"
        return "project \(scope.projectName) at \(scope.endpoint)\(region)"
    }
}

/// The cloud of a creation whose configuration has changed since it was last used. The cloud could not be asked, so its
/// site and project are unconfirmed.
package struct UnconfirmedDestination: Sendable, Hashable {
    package static let reason = "cloud"
    package let cloud: CloudReference

    package init(cloud: CloudReference) { self.cloud = cloud }

    /// The creation in a blocked state, until the cloud's token confirms its site and project.
    func holding(_ creation: Mutation, bound: Scope) -> Mutation {
        var next = creation
        next.state = .blocked
        next.reason = Self.reason
        next.base = ["cloud": .string(cloud.description)]
        next.message = """
            It waits: the configuration of cloud \(cloud) has changed since it was last used, when it led to project \
            \(bound.projectName) at \(bound.endpoint). The creation is sent if the cloud still leads there. The next \
            `leasehold sync --os-cloud \(cloud)` finds that out.
            """
        return next
    }

    static func holds(_ mutation: Mutation, of cloud: CloudReference) -> Bool {
        mutation.state == .blocked && mutation.reason == reason
            && mutation.base["cloud"]?.stringValue == cloud.description
    }

    /// The creation, unblocked because the token confirmed that the cloud still leads to its site and project.
    static func released(_ mutation: Mutation, by cloud: CloudReference, at now: Timestamp) -> Mutation {
        guard holds(mutation, of: cloud) else { return mutation }
        var next = mutation
        next.state = mutation.waiting == nil ? .queued : .waiting
        next.reason = nil
        next.message = nil
        next.base = [:]
        next.nextAttemptAt = now
        next.updatedAt = now
        return next
    }
}

extension LeaseStore {
    /// Records that a cloud leads to another site or project than before, in the writes that it can therefore no longer
    /// send.
    ///
    /// - Parameters:
    ///   - cloud: the cloud.
    ///   - before: the scope that the cloud led to when it was last used.
    ///   - actual: the scope that its token leads to now.
    ///   - now: the current time.
    /// - Returns: a sentence for each of these writes.
    /// - Throws: ``StoreError``.
    func noteDetours(
        of cloud: CloudReference, before: Scope?, to actual: Scope, at now: Timestamp
    ) throws(StoreError) -> [String] {
        let elsewhere = try mutations(scopes: nil, includesFinal: false).filter { $0.address != actual.queueAddress }
        guard !elsewhere.isEmpty else { return [] }
        let bound = try scopes()
        var sentences: [String] = []
        for mutation in elsewhere {
            let isHeld = UnconfirmedDestination.holds(mutation, of: cloud)
            guard isHeld || (mutation.state == .queued && mutation.address == before?.queueAddress),
                let scope = bound.first(where: { $0.queueAddress == mutation.address })
            else { continue }
            var sentence = CloudDestination.detour(of: cloud, from: scope, to: actual)
            if isHeld {
                sentence += """
                     Cancel it with `leasehold queue cancel \(mutation.id)`, or send it to its own project with \
                    `leasehold queue retry \(mutation.id)`.
                    """
            }
            sentences.append("Write \(mutation.id) (\(mutation.verb.rawValue) \"\(mutation.leaseName)\"): \(sentence)")
            try remark(sentence, on: mutation, at: now)
        }
        return sentences
    }

    /// Stores a message for people in a write that has not been sent.
    package func remark(_ sentence: String, on mutation: Mutation, at now: Timestamp) throws(StoreError) {
        _ = try changeMutation(id: mutation.id) { present, _ in
            guard [.queued, .blocked, .waiting].contains(present.state), present.message != sentence else { return [] }
            var next = present
            next.message = sentence
            next.updatedAt = now
            return [next]
        }
    }
}
