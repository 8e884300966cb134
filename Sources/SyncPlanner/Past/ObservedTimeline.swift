package import LeaseModel

/// Everything that was seen of one lease: its states in the order in which they were seen.
///
/// A state is known to have held when it was first and last seen, and at every whole list of its scope between: such a
/// list shows every lease. What several people saw is therefore the union of such moments, and it does not matter who
/// tells first.
package struct ObservedTimeline: Sendable, Hashable {
    /// One state.
    package struct State: Sendable, Hashable {
        /// What was seen.
        package enum Content: Sendable, Hashable {
            case listed(BlazarLease)
            /// A list with few columns had it.
            case part(PartialLease)
            /// The server said that it is gone.
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

    /// Makes a timeline of states in their order. What was merely missing from a list was not seen: it follows from
    /// the lists, and from a later merge perhaps otherwise.
    package init(states: [State]) {
        for state in states where state.content != .gone(.unlisted) { append(state) }
    }

    /// The timeline that a history tells.
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
        // What is missing of two parts may be different, even if they show the same.
        if case .part = state.content {
            if last != state { states.append(state) }
        } else {
            states[states.count - 1].lastSeen = max(last.lastSeen, state.lastSeen)
        }
    }

    // MARK: - Merging

    /// This timeline and another of the same lease, as one.
    ///
    /// - Parameters:
    ///   - other: what somebody else saw.
    ///   - witnesses: the scopes that saw what this one tells.
    ///   - otherWitnesses: the same for the other.
    /// - Returns: the union; the same whichever of the two is given first.
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

    /// The moments at which each state was seen, as states of no length: its ends, and, where another timeline
    /// contradicts it, the lists there and the nearest on either side.
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

    // MARK: - What follows

    /// The history that this timeline makes, with how the lease went if a whole list lacked it after it was last seen.
    ///
    /// What was seen in part is completed from what was known of the lease by then. That one scope is refused the lease
    /// says nothing of it as long as another sees it.
    ///
    /// - Parameters:
    ///   - witnesses: every scope that sees the lease, or saw it.
    ///   - projectID: the project of a lease that was never seen as a whole.
    /// - Returns: the states with their intervals; the last one holds.
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
                // Nobody can see the going of what was never there.
                guard let before = versions.last else { continue }
                removal = Removal(
                    reason: reason, after: before.removal?.after ?? before.lastSeenAt, before: state.firstSeen)
            }
            guard let lease = state.lease ?? versions.last?.lease else { continue }
            versions.append(
                LeaseVersion(
                    lease: lease, observedAt: state.firstSeen,
                    // What was seen before the next state was, was seen no later than that.
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

/// A state in which nothing is missing any more: being listed so, or being gone.
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

    /// Of two sightings at one second the one that Blazar stamped first, the going last; otherwise any fixed order.
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
        // A part is completed from what was seen as a whole in the same second.
        case (.listed, .part), (.listed, .gone), (.part, .gone): return true
        case (.part, .listed), (.gone, .listed), (.gone, .part): return false
        case (.gone(let left), .gone(let right)): return left.rawValue <= right.rawValue
        }
    }
}

extension BlazarLease {
    fileprivate var canonicalText: String { JSONValue.object(json().sorted).text() }
}

/// How the state of a lease follows another when it is observed: nothing that is known was seen later.
///
/// For observations in the order of their time this is the history that ``ObservedTimeline`` makes of all of them.
extension LeaseVersion {
    /// This state once something else was seen.
    ///
    /// - Parameter moment: when that was. A clock that was set back never makes an interval end before it began.
    /// - Returns: the state, which is over.
    package func ended(at moment: Timestamp) -> LeaseVersion {
        let until = max(moment, observedAt)
        return LeaseVersion(
            lease: lease, observedAt: observedAt, lastSeenAt: min(until, max(observedAt, lastSeenAt)),
            observedUntil: until, removal: removal, partial: partial)
    }

    /// The state that holds after this one, which is over, when the lease was seen to be as it is given.
    package func followed(by lease: BlazarLease) -> LeaseVersion {
        let since = observedUntil ?? lastSeenAt
        return LeaseVersion(lease: lease, observedAt: since, lastSeenAt: since, observedUntil: nil, removal: nil)
    }

    /// The state that holds after this one, which is over, when the lease was not there any more.
    package func followed(byGoing reason: Removal.Reason) -> LeaseVersion {
        let since = observedUntil ?? lastSeenAt
        return LeaseVersion(
            lease: lease, observedAt: since, lastSeenAt: since, observedUntil: nil,
            removal: Removal(reason: reason, after: removal?.after ?? lastSeenAt, before: since))
    }
}
