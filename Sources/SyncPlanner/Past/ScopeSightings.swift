package import LeaseModel

/// What one scope saw of a lease that others of its site may see as well.
package struct ScopeSightings: Sendable {
    /// Every state in which it saw the lease, the oldest first; the last one holds.
    package let versions: [LeaseVersion]
    /// When its whole lists were read, ascending.
    package let listings: [Timestamp]

    package init(versions: [LeaseVersion], listings: [Timestamp]) {
        self.versions = versions
        self.listings = listings
    }

    /// The history of a lease as all scopes of its site together saw it, the same whichever of them was read last.
    ///
    /// That a scope may not see the lease any more says nothing of the lease as long as another does; that a list lacked
    /// it counts only if no scope has seen it since. So the last state is what the scope says that learned of it last.
    ///
    /// - Parameter scopes: what each of them saw.
    /// - Returns: the states with their intervals; the last one holds.
    package static func history(of scopes: [ScopeSightings]) -> [LeaseVersion] {
        if scopes.count == 1 { return scopes[0].versions }
        var timeline = ObservedTimeline.merged(
            scopes.map { scope in
                let seen = scope.versions.filter { $0.departure?.reason != .outOfScope }
                return (ObservedTimeline(versions: seen), scope.listings)
            })
        let departures = scopes.map { $0.versions.last?.departure }
        if departures.allSatisfy({ $0?.reason == .outOfScope }), let last = departures.compactMap({ $0?.before }).max()
        {
            let state = ObservedTimeline.State(.gone(.outOfScope), firstSeen: last, lastSeen: last)
            timeline = ObservedTimeline(states: timeline.states + [state])
        }
        let lacking = departures.filter { $0?.reason == .unlisted }.compactMap { $0?.before }.max()
        let projects = scopes.lazy.flatMap(\.versions).map(\.lease.projectID)
        return timeline.versions(
            listings: lacking.map { [$0] } ?? [], projectID: projects.first { !$0.isEmpty } ?? "")
    }
}
