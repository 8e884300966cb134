package import LeaseModel

/// Everything that was observed of one lease: its states, in the order in which they were seen.
///
/// A state held when it was first and last seen, and at every complete list of its scope in between, because such a
/// list shows every lease. Merging what several people saw is therefore the union of such moments, and the order of
/// merging does not matter.
package struct ObservedTimeline: Sendable, Hashable {
    /// One state.
    package struct State: Sendable, Hashable {
        /// What was observed.
        package enum Content: Sendable, Hashable {
            case listed(BlazarLease)
            /// A list with few columns contained the lease.
            case part(PartialLease)
            /// The lease was removed.
            case gone(Removal.Reason)
        }

        package let content: Content
        package var firstSeen: Timestamp
        package var lastSeen: Timestamp

        package init(_ content: Content, firstSeen: Timestamp, lastSeen: Timestamp) {
            self.content = content
            self.firstSeen = firstSeen
            self.lastSeen = lastSeen
        }
    }

    package private(set) var states: [State] = []

    /// Makes a timeline from states in their order. Removals that were only concluded from a list are left out, because
    /// nobody asked the server: they follow from the lists, and may turn out differently after a merge.
    package init(states: [State]) {
        for state in states where state.content != .gone(.unlisted) { append(state) }
    }

    /// Makes the timeline behind a history.
    package init(versions: [LeaseVersion]) { self.init(states: versions.flatMap(Self.states)) }

    private static func states(of version: LeaseVersion) -> [State] {
        let (first, last) = (version.observedAt, version.lastSeenAt)
        if let removal = version.removal {
            return [State(.gone(removal.reason), firstSeen: first, lastSeen: last)]
        }
        guard let partial = version.partial else {
            return [State(.listed(version.lease), firstSeen: first, lastSeen: last)]
        }
        var states = partial.parts.map { part in
            State(.part(PartialLease(version.lease, fields: part.fields)), firstSeen: part.at, lastSeen: part.at)
        }
        if let whole = partial.whole {
            states.append(State(.listed(version.lease), firstSeen: whole.lowerBound, lastSeen: whole.upperBound))
        }
        return states.sorted { $0.precedes($1) }
    }

    private mutating func append(_ state: State) {
        guard let last = states.last, last.content == state.content else {
            states.append(state)
            return
        }
        // The parts that were not seen may differ even if the visible parts are equal.
        if case .part = state.content {
            if last != state { states.append(state) }
        } else {
            states[states.count - 1].lastSeen = max(last.lastSeen, state.lastSeen)
        }
    }

    // MARK: - Merging

    /// Merges this timeline with another one of the same lease.
    ///
    /// - Parameters:
    ///   - other: what somebody else observed.
    ///   - witnesses: the scopes that observed this timeline.
    ///   - otherWitnesses: the scopes that observed the other one.
    /// - Returns: the union. It is the same in either order.
    package func merging(
        _ other: ObservedTimeline, witnesses: [Witness], otherWitnesses: [Witness]
    ) -> ObservedTimeline {
        guard self != other else { return self }
        return ObservedTimeline(
            states: Self.interleaving(
                observations(besides: other.states, witnesses), other.observations(besides: states, otherWitnesses)))
    }

    private static func interleaving(_ left: [State], _ right: [State]) -> [State] {
        var (left, right) = (left[...], right[...])
        var result: [State] = []
        while let one = left.first, let other = right.first {
            if one.precedes(other) {
                result.append(one)
                left.removeFirst()
            } else {
                result.append(other)
                right.removeFirst()
            }
        }
        return result + left + right
    }

    /// The moments at which each state was seen, as states without duration. These are its first and last moment. Where
    /// another timeline contradicts the state, they include the complete lists during the overlap and the nearest one
    /// on either side.
    private func observations(besides rivals: [State], _ witnesses: [Witness]) -> [State] {
        states.flatMap { state in
            var moments: Set<Timestamp> = [state.firstSeen, state.lastSeen]
            for rival in rivals where rival.content != state.content {
                let from = max(state.firstSeen, rival.firstSeen)
                let to = min(state.lastSeen, rival.lastSeen)
                guard from <= to else { continue }
                moments.formUnion(
                    witnesses.listings(around: from...to).filter { state.firstSeen < $0 && $0 < state.lastSeen })
            }
            return moments.sorted().map { State(state.content, firstSeen: $0, lastSeen: $0) }
        }
    }

    // MARK: - History

    /// The history that this timeline implies. It ends with a removal if a complete list lacked the lease after it was
    /// last seen.
    ///
    /// Partial observations are completed from what was known of the lease by then. If one scope is refused the lease,
    /// that means nothing as long as another scope sees it.
    ///
    /// - Parameters:
    ///   - witnesses: every scope that sees the lease or has seen it.
    ///   - projectID: the project of a lease that was never seen completely.
    /// - Returns: the states with their intervals. The last one is the current state.
    package func versions(witnesses: [Witness], projectID: String) -> [LeaseVersion] {
        var seen = ObservedTimeline(
            states: states.filter { state in
                state.content != .gone(.outOfScope) || !witnesses.contains { $0.sees(at: state.firstSeen) }
            })
        if let refused = witnesses.refusedBefore, let last = seen.states.last, last.isListed, last.lastSeen < refused {
            seen.append(State(.gone(.outOfScope), firstSeen: refused, lastSeen: refused))
        }
        var states = seen.completed(projectID: projectID)
        if let last = states.last, last.lease != nil, let next = witnesses.firstListing(after: last.lastSeen) {
            states.append(CompletedState(.unlisted, from: next, until: next))
        }
        var versions: [LeaseVersion] = []
        for (index, state) in states.enumerated() {
            let until = states.indices.contains(index + 1) ? states[index + 1].firstSeen : nil
            var removal: Removal?
            if let reason = state.removal {
                // A lease that was never listed cannot be removed.
                guard let before = versions.last else { continue }
                removal = Removal(
                    reason: reason, after: before.removal?.after ?? before.lastSeenAt, before: state.firstSeen)
            }
            guard let lease = state.lease ?? versions.last?.lease else { continue }
            versions.append(
                LeaseVersion(
                    lease: lease, observedAt: state.firstSeen,
                    // The state ends no later than the next one was seen.
                    lastSeenAt: removal?.before ?? until.map { min(state.lastSeen, $0) } ?? state.lastSeen,
                    observedUntil: until, removal: removal, partial: state.partial))
        }
        return versions
    }

    private func completed(projectID: String) -> [CompletedState] {
        func whole(_ state: State) -> BlazarLease? {
            if case .listed(let lease) = state.content { lease } else { nil }
        }
        let first = states.lazy.compactMap(whole).first
        var before: BlazarLease?
        var completed: [CompletedState] = []
        for state in states {
            let next: CompletedState
            switch state.content {
            case .gone(let reason): next = CompletedState(reason, from: state.firstSeen, until: state.lastSeen)
            case .listed(let lease):
                next = CompletedState(lease, whole: state.firstSeen...max(state.firstSeen, state.lastSeen))
            case .part(let part):
                next = CompletedState(
                    part.completed(from: before, orOwner: first, projectID: projectID), fields: part.fields,
                    at: state.firstSeen)
            }
            before = next.lease ?? before
            if let last = completed.indices.last, completed[last].isSame(as: next) {
                completed[last].add(next)
            } else {
                completed.append(next)
            }
        }
        return completed
    }
}

/// A state with all of its fields filled in: either listed or removed.
private struct CompletedState {
    let lease: BlazarLease?
    let removal: Removal.Reason?
    let firstSeen: Timestamp
    private(set) var lastSeen: Timestamp
    private(set) var partial: PartialObservations?

    init(_ reason: Removal.Reason, from: Timestamp, until: Timestamp) {
        lease = nil
        removal = reason
        firstSeen = from
        lastSeen = until
    }

    init(_ lease: BlazarLease, whole: ClosedRange<Timestamp>) {
        self.lease = lease
        removal = nil
        firstSeen = whole.lowerBound
        lastSeen = whole.upperBound
        partial = PartialObservations(whole: whole, parts: [])
    }

    init(_ lease: BlazarLease, fields: Set<String>, at moment: Timestamp) {
        self.lease = lease
        removal = nil
        firstSeen = moment
        lastSeen = moment
        partial = PartialObservations(whole: nil, parts: [.init(at: moment, fields: fields)])
    }

    func isSame(as other: CompletedState) -> Bool { lease == other.lease && removal == other.removal }

    mutating func add(_ next: CompletedState) {
        lastSeen = max(lastSeen, next.lastSeen)
        guard let other = next.partial else { return }
        if let whole = other.whole { partial?.addWhole(whole) }
        for part in other.parts { partial?.add(part) }
    }
}

extension ObservedTimeline.State {
    fileprivate var isListed: Bool {
        if case .gone = content { false } else { true }
    }

    /// The order of two observations. Within the same second, the one with Blazar's earlier time stamp comes first, and
    /// removals come last; otherwise the order is arbitrary but fixed.
    fileprivate func precedes(_ other: Self) -> Bool {
        guard firstSeen == other.firstSeen else { return firstSeen < other.firstSeen }
        switch (content, other.content) {
        case (.listed(let left), .listed(let right)):
            guard left.updatedAt == right.updatedAt else {
                return (left.updatedAt?.secondsSince1970 ?? .min) < (right.updatedAt?.secondsSince1970 ?? .min)
            }
            return left == right || left.canonicalText < right.canonicalText
        case (.part(let left), .part(let right)):
            return left == right
                || (left.lease.canonicalText, left.fields.sorted().joined(separator: " "))
                    < (right.lease.canonicalText, right.fields.sorted().joined(separator: " "))
        // A partial observation is completed from complete ones in the same second.
        case (.listed, .part), (.listed, .gone), (.part, .gone): return true
        case (.part, .listed), (.gone, .listed), (.gone, .part): return false
        case (.gone(let left), .gone(let right)): return left.rawValue <= right.rawValue
        }
    }
}

extension BlazarLease {
    fileprivate var canonicalText: String { JSONValue.object(json().sorted).text() }
}

/// How a new observation continues a lease's history, provided that nothing known was seen later.
///
/// For observations in order of time, the result is the same history that ``ObservedTimeline`` makes.
extension LeaseVersion {
    /// This state, ended because something else was seen.
    ///
    /// - Parameter moment: when that was. If the clock was set back, the interval still does not end before it began.
    /// - Returns: the ended state.
    package func ended(at moment: Timestamp) -> LeaseVersion {
        let until = max(moment, observedAt)
        return LeaseVersion(
            lease: lease, observedAt: observedAt, lastSeenAt: min(until, max(observedAt, lastSeenAt)),
            observedUntil: until, removal: removal, partial: partial)
    }

    /// The current state after this one, which has ended, when the lease was seen like this.
    package func followed(by lease: BlazarLease) -> LeaseVersion {
        let since = observedUntil ?? lastSeenAt
        return LeaseVersion(lease: lease, observedAt: since, lastSeenAt: since, observedUntil: nil, removal: nil)
    }

    /// The current state after this one, which has ended, when the lease was no longer there.
    package func followed(byGoing reason: Removal.Reason) -> LeaseVersion {
        let since = observedUntil ?? lastSeenAt
        return LeaseVersion(
            lease: lease, observedAt: since, lastSeenAt: since, observedUntil: nil,
            removal: Removal(reason: reason, after: removal?.after ?? lastSeenAt, before: since))
    }
}
