package import LeaseModel

/// A saved lease with the time at which it was seen.
package struct SavedSighting: Sendable, Hashable {
    package let lease: SavedLease
    package let firstSeen: Timestamp
    package let lastSeen: Timestamp

    package init(lease: SavedLease, firstSeen: Timestamp, lastSeen: Timestamp) {
        self.lease = lease
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
    }
}

/// What files say of one lease, beside what is known of it.
package struct SavedHistory: Sendable {
    package let id: String
    package let sightings: [SavedSighting]
    package let known: ObservedTimeline

    package init(id: String, sightings: [SavedSighting], known: ObservedTimeline) {
        self.id = id
        self.sightings = sightings.sorted { ($0.firstSeen, $0.lastSeen) < ($1.firstSeen, $1.lastSeen) }
        self.known = known
    }

    // MARK: - Whether it can be

    /// How far clocks may differ before one is not believed.
    private static var clockDifferenceSeconds: Int64 { 300 }

    /// Why this cannot have been seen so, as a sentence; `nil` if it can.
    ///
    /// Blazar stamps each change, and a deletion is for good: so a file that is dated wrongly, as a copied one is, is
    /// mostly found out before it rewrites the past.
    package func problem(scope: Scope, now: Timestamp) -> String? {
        for sighting in sightings {
            let lease = sighting.lease.lease
            let seen = sighting.lastSeen
            let remedy = "Say when it was saved with --observed-at."
            if !lease.projectID.isEmpty, !scope.seesAllProjects, lease.projectID != scope.projectID {
                return """
                    lease \(id) belongs to project \(lease.projectID), not to \(scope.projectName) \
                    (\(scope.projectID)). Name the cloud it was read from with --os-cloud.
                    """
            }
            if seen > now.adding(seconds: Self.clockDifferenceSeconds) {
                return "lease \(id) is said to have been seen at \(seen), which is yet to come. \(remedy)"
            }
            for (stamp, what) in [(lease.createdAt, "made"), (lease.updatedAt, "changed")] {
                if let stamp, stamp > sighting.firstSeen.adding(seconds: Self.clockDifferenceSeconds) {
                    return """
                        lease \(id) was \(what) at \(stamp), so it cannot have been seen so at \(sighting.firstSeen). \
                        \(remedy)
                        """
                }
            }
            if let other = known.states.first(where: { Self.contradicts($0, lease, at: seen) }) {
                return """
                    lease \(id) cannot have been seen so at \(seen): at \(other.firstSeen) \(Self.describe(other)). \
                    \(remedy)
                    """
            }
        }
        return nil
    }

    private static func contradicts(_ state: ObservedTimeline.State, _ lease: BlazarLease, at seen: Timestamp) -> Bool {
        switch state.content {
        case .gone(let reason):
            return reason == .deleted && state.firstSeen < seen.adding(seconds: -clockDifferenceSeconds)
        case .listed(let known):
            guard let stamp = lease.updatedAt, let other = known.updatedAt else { return false }
            if state.lastSeen < seen.adding(seconds: -clockDifferenceSeconds) { return other > stamp }
            if state.firstSeen > seen.adding(seconds: clockDifferenceSeconds) { return other < stamp }
            return false
        }
    }

    private static func describe(_ state: ObservedTimeline.State) -> String {
        switch state.content {
        case .gone: "it was known to be deleted"
        case .listed(let lease): "it was seen as changed at \(lease.updatedAt?.iso8601 ?? "an unknown time")"
        }
    }

    // MARK: - What it says

    /// What the files saw. Where a list gave name and dates only, the rest is taken to be as it was last known; if
    /// nothing was, its status stays empty.
    ///
    /// - Parameter projectID: the project, for a lease of which nothing else is known.
    /// - Returns: the states that were seen.
    package func timeline(projectID: String) -> ObservedTimeline {
        var states: [ObservedTimeline.State] = []
        let whole = known.merging(
            ObservedTimeline(states: sightings.filter { !$0.lease.isOutline }.map { Self.state($0, $0.lease.lease) }),
            listings: [], otherListings: [])
        for sighting in sightings {
            let lease =
                sighting.lease.isOutline
                ? completed(sighting, from: whole, projectID: projectID) : sighting.lease.lease
            states.append(Self.state(sighting, lease))
        }
        return ObservedTimeline(states: states)
    }

    private static func state(_ sighting: SavedSighting, _ lease: BlazarLease) -> ObservedTimeline.State {
        ObservedTimeline.State(.listed(lease), firstSeen: sighting.firstSeen, lastSeen: sighting.lastSeen)
    }

    private func completed(
        _ sighting: SavedSighting, from whole: ObservedTimeline, projectID: String
    ) -> BlazarLease {
        let outline = sighting.lease.lease
        func lease(of state: ObservedTimeline.State) -> BlazarLease? {
            if case .listed(let lease) = state.content { lease } else { nil }
        }
        let before = whole.states.last { $0.firstSeen <= sighting.lastSeen && lease(of: $0) != nil }.flatMap(lease)
        var result = before ?? outline
        if before == nil {
            // Whom it belongs to never changes.
            let after = whole.states.lazy.compactMap(lease).first
            result.userID = after?.userID ?? ""
            result.projectID = after?.projectID ?? projectID
            result.createdAt = after?.createdAt
        }
        result.name = outline.name
        result.startsAt = outline.startsAt
        result.endsAt = outline.endsAt
        return result
    }
}
