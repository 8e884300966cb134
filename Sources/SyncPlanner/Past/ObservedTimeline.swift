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
            /// The server said that it is gone.
            case gone(Departure.Reason)
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
    package init(versions: [LeaseVersion]) {
        self.init(
            states: versions.map { version in
                State(
                    version.departure.map { .gone($0.reason) } ?? .listed(version.lease),
                    firstSeen: version.observedAt, lastSeen: version.lastSeenAt)
            })
    }

    private mutating func append(_ state: State) {
        if let last = states.indices.last, states[last].content == state.content {
            states[last].lastSeen = max(states[last].lastSeen, state.lastSeen)
        } else {
            states.append(state)
        }
    }

    // MARK: - Merging

    /// This timeline and another of the same lease, as one.
    ///
    /// - Parameters:
    ///   - other: what somebody else saw.
    ///   - listings: when the whole lists behind this timeline were read, ascending.
    ///   - otherListings: the same for the other.
    /// - Returns: the union; the same whichever of the two is given first.
    package func merging(
        _ other: ObservedTimeline, listings: [Timestamp], otherListings: [Timestamp]
    ) -> ObservedTimeline {
        self == other ? self : Self.merged([(self, listings), (other, otherListings)])
    }

    /// Timelines of one lease as one; the same in whichever order they are given.
    ///
    /// - Parameter parts: what each of several people or scopes saw, and when the whole lists behind it were read,
    ///   ascending.
    /// - Returns: the union.
    package static func merged(_ parts: [(timeline: ObservedTimeline, listings: [Timestamp])]) -> ObservedTimeline {
        var merged: [State] = []
        for (index, part) in parts.enumerated() {
            let rivals = parts.indices.filter { $0 != index }.flatMap { parts[$0].timeline.states }
            merged = interleaving(merged, part.timeline.sightings(besides: rivals, listings: part.listings))
        }
        return ObservedTimeline(states: merged)
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
    private func sightings(besides rivals: [State], listings: [Timestamp]) -> [State] {
        states.flatMap { state in
            var moments: Set<Timestamp> = [state.firstSeen, state.lastSeen]
            for rival in rivals where rival.content != state.content {
                let from = max(state.firstSeen, rival.firstSeen)
                let to = min(state.lastSeen, rival.lastSeen)
                guard from <= to else { continue }
                let lower = max(0, listings.firstIndex(notBefore: from) - 1)
                let upper = min(listings.count, listings.firstIndex(notBefore: to.adding(seconds: 1)) + 1)
                guard lower < upper else { continue }
                moments.formUnion(listings[lower..<upper].filter { state.firstSeen < $0 && $0 < state.lastSeen })
            }
            return moments.sorted().map { State(state.content, firstSeen: $0, lastSeen: $0) }
        }
    }

    // MARK: - What follows

    /// The history that this timeline makes, with how the lease went if a whole list lacked it after it was last seen.
    ///
    /// - Parameter listings: when the whole lists of the scope were read, ascending.
    /// - Returns: the states with their intervals; the last one holds.
    package func versions(listings: [Timestamp]) -> [LeaseVersion] {
        var states = states
        if let last = states.last, case .listed = last.content {
            let next = listings.firstIndex(notBefore: last.lastSeen.adding(seconds: 1))
            if next < listings.count {
                states.append(State(.gone(.unlisted), firstSeen: listings[next], lastSeen: listings[next]))
            }
        }
        var versions: [LeaseVersion] = []
        for (index, state) in states.enumerated() {
            let until = states.indices.contains(index + 1) ? states[index + 1].firstSeen : nil
            var departure: Departure?
            let lease: BlazarLease
            switch (state.content, versions.last) {
            case (.listed(let listed), _): lease = listed
            case (.gone(let reason), let before?):
                lease = before.lease
                departure = Departure(
                    reason: reason, after: before.departure?.after ?? before.lastSeenAt, before: state.firstSeen)
            // Nobody can see the going of what was never there.
            case (.gone, nil): continue
            }
            versions.append(
                LeaseVersion(
                    lease: lease, observedAt: state.firstSeen,
                    // What was seen before the next state was, was seen no later than that.
                    lastSeenAt: departure?.before ?? until.map { min(state.lastSeen, $0) } ?? state.lastSeen,
                    observedUntil: until, departure: departure))
        }
        return versions
    }
}

extension ObservedTimeline.State {
    /// Of two sightings at one second the one that Blazar stamped first, the going last; otherwise any fixed order.
    fileprivate func precedes(_ other: Self) -> Bool {
        guard firstSeen == other.firstSeen else { return firstSeen < other.firstSeen }
        switch (content, other.content) {
        case (.listed(let left), .listed(let right)):
            guard left.updatedAt == right.updatedAt else {
                return (left.updatedAt?.secondsSince1970 ?? .min) < (right.updatedAt?.secondsSince1970 ?? .min)
            }
            return left == right || left.canonicalText < right.canonicalText
        case (.listed, .gone): return true
        case (.gone, .listed): return false
        case (.gone(let left), .gone(let right)): return left.rawValue <= right.rawValue
        }
    }
}

extension BlazarLease {
    fileprivate var canonicalText: String { JSONValue.object(json().sorted).text() }
}

extension [Timestamp] {
    /// Of an ascending list, the index of the first that is not before a moment; the count if all are.
    fileprivate func firstIndex(notBefore moment: Timestamp) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < moment { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
