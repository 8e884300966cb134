package import LeaseModel

/// A saved lease with the time at which it was seen.
package struct SavedObservation: Sendable, Hashable {
    package let lease: SavedLease
    package let firstSeen: Timestamp
    package let lastSeen: Timestamp

    package init(lease: SavedLease, firstSeen: Timestamp, lastSeen: Timestamp) {
        self.lease = lease
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
    }
}

/// What files say about one lease, together with what is known about it.
package struct SavedHistory: Sendable {
    package let id: String
    package let observations: [SavedObservation]
    package let known: ObservedTimeline
    /// The scopes that observed the known timeline.
    package let witnesses: [Witness]

    package init(id: String, observations: [SavedObservation], known: ObservedTimeline, witnesses: [Witness]) {
        self.id = id
        self.observations = observations.sorted { ($0.firstSeen, $0.lastSeen) < ($1.firstSeen, $1.lastSeen) }
        self.known = known
        self.witnesses = witnesses
    }

    // MARK: - Plausibility

    /// Why the lease cannot have been seen at these times, as a sentence; `nil` if it can.
    ///
    /// Blazar stamps each change, and a deletion is final. So files with a wrong date, such as copied files, are mostly
    /// recognized before they rewrite the past.
    package func problem(scope: Scope, now: Timestamp) -> String? {
        let rules = ObservationRules(scope: scope, now: now)
        let clockDifference = Timestamp.clockToleranceSeconds
        let remedy = "Use --observed-at to give the time at which it was saved."
        for observation in observations {
            let lease = observation.lease.lease
            let seen = observation.lastSeen
            if let problem = rules.problem(with: lease, id: lease.id) { return problem }
            for moment in [observation.firstSeen, seen] where !moment.isInCalendar {
                return ObservationRules.outOfRange(id, moment)
            }
            if rules.isYetToCome(seen) {
                return "lease \(id) is said to have been seen at \(seen), which is in the future. \(remedy)"
            }
            for (stamp, what) in [(lease.createdAt, "created"), (lease.updatedAt, "changed")] {
                if let stamp, stamp > observation.firstSeen.adding(seconds: clockDifference) {
                    return """
                        lease \(id) was \(what) at \(stamp), so it cannot have been seen like this at \
                        \(observation.firstSeen). \(remedy)
                        """
                }
            }
            if let other = known.states.first(where: { Self.contradicts($0, lease, at: seen) }) {
                return """
                    lease \(id) cannot have been seen like this at \(seen): at \(other.firstSeen) \
                    \(Self.describe(other)). \(remedy)
                    """
            }
        }
        return nil
    }

    private static func contradicts(_ state: ObservedTimeline.State, _ lease: BlazarLease, at seen: Timestamp) -> Bool {
        let clockDifference = Timestamp.clockToleranceSeconds
        switch state.content {
        case .gone(let reason):
            return reason == .deleted && state.firstSeen < seen.adding(seconds: -clockDifference)
        case .listed(let known):
            guard let stamp = lease.updatedAt, let other = known.updatedAt else { return false }
            if state.lastSeen < seen.adding(seconds: -clockDifference) { return other > stamp }
            if state.firstSeen > seen.adding(seconds: clockDifference) { return other < stamp }
            return false
        // A partial observation does not say when the lease was changed.
        case .part: return false
        }
    }

    private static func describe(_ state: ObservedTimeline.State) -> String {
        switch state.content {
        case .gone: "it was known to be deleted"
        case .listed(let lease): "it was seen as changed at \(lease.updatedAt?.iso8601 ?? "an unknown time")"
        case .part: "it was listed"
        }
    }

    // MARK: - Timeline

    /// What the files observed, except in the seconds in which this database saw the lease itself. A file saved in the
    /// same second adds nothing newer, and may contain less.
    package var timeline: ObservedTimeline {
        // One at a time, because observations from several files may overlap in time.
        observations.reduce(ObservedTimeline(states: [])) { timeline, observation in
            timeline.merging(self.timeline(of: observation), witnesses: [], otherWitnesses: [])
        }
    }

    private func timeline(of observation: SavedObservation) -> ObservedTimeline {
        let moments = [observation.firstSeen, observation.lastSeen].filter { !isSeenHere(at: $0) }
        guard let first = moments.first, let last = moments.last else { return ObservedTimeline(states: []) }
        guard let fields = observation.lease.outlinedFields else {
            return ObservedTimeline(states: [.init(.listed(observation.lease.lease), firstSeen: first, lastSeen: last)])
        }
        let part = PartialLease(observation.lease.lease, fields: fields)
        return ObservedTimeline(states: moments.map { .init(.part(part), firstSeen: $0, lastSeen: $0) })
    }

    private func isSeenHere(at moment: Timestamp) -> Bool {
        known.states.contains { state in
            guard case .listed = state.content, state.firstSeen <= moment, moment <= state.lastSeen else {
                return false
            }
            return moment == state.firstSeen || moment == state.lastSeen
                || witnesses.listings(around: moment...moment).contains(moment)
        }
    }
}
