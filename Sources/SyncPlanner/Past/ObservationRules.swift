package import LeaseModel

/// Checks imported leases and the times at which they were seen. The rules are the same for every kind of file.
package struct ObservationRules: Sendable {
    /// The scope that the leases are said to belong to.
    package let scope: Scope
    /// The current time. Nothing can have been seen later.
    package let now: Timestamp

    package init(scope: Scope, now: Timestamp) {
        self.scope = scope
        self.now = now
    }

    /// What is wrong with a lease that has this id, as a sentence; `nil` if nothing is.
    package func problem(with lease: BlazarLease, id: String) -> String? {
        if let problem = Self.problem(withID: id) { return problem }
        guard lease.id.utf8.elementsEqual(id.utf8) else {
            return "lease \(id) has a state of another lease, \(Self.quoted(lease.id))."
        }
        if !lease.projectID.isEmpty, !scope.seesAllProjects, lease.projectID != scope.projectID {
            return """
                lease \(id) belongs to project \(lease.projectID), not to \(scope.projectName) \
                (\(scope.projectID)). Name the cloud it was read from with --os-cloud.
                """
        }
        if let moment = lease.moments.first(where: { !$0.isInCalendar }) { return Self.outOfRange(id, moment) }
        // The database would cut a text at a NUL, and would keep only the last of two parts with the same id.
        if lease.texts.contains(where: { $0.utf8.contains(0) }) { return "lease \(id) has a text with a NUL in it." }
        guard Set(lease.reservations.map(\.id)).count == lease.reservations.count,
            Set(lease.events.map(\.id)).count == lease.events.count
        else { return "lease \(id) has two reservations, or two events, with the same id." }
        guard let again = try? BlazarLease(json: lease.json()), again == lease else {
            return "lease \(id) has fields that cannot be written and read again."
        }
        return nil
    }

    /// What is wrong with an id. Blazar's ids are UUIDs. An id that is not plain ASCII may look or sort like another
    /// one, and `local-…` is the id of a draft.
    package static func problem(withID id: String) -> String? {
        guard !id.isEmpty, id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return "a lease has the id \(quoted(id)), which no server assigns."
        }
        return LocalID.isOne(id) ? "lease \(id) was only queued: no server assigned that id." : nil
    }

    /// What is wrong with a lease's states from another database, as a sentence; `nil` if nothing is.
    package func problem(with versions: [LeaseVersion], id: String) -> String? {
        var last: Timestamp?
        for version in versions {
            if let problem = problem(with: version.lease, id: id) { return problem }
            let moments = [
                version.observedAt, version.lastSeenAt, version.observedUntil, version.removal?.after,
                version.removal?.before,
            ].compactMap { $0 }
            if let moment = moments.first(where: { !$0.isInCalendar }) { return Self.outOfRange(id, moment) }
            if let moment = moments.first(where: isYetToCome) {
                return "lease \(id) is said to have been seen at \(moment), which is in the future. \(Self.clocks)"
            }
            guard version.observedAt <= version.lastSeenAt, last.map({ $0 <= version.observedAt }) ?? true else {
                return "the states of lease \(id) are not in order of time."
            }
            last = version.lastSeenAt
        }
        return nil
    }

    /// What is wrong with the times of another database's complete lists; `nil` if nothing is.
    package func problem(withListings listings: [Timestamp]) -> String? {
        if listings.contains(where: { !$0.isInCalendar }) { return "a list was read at an impossible time." }
        return listings.first(where: isYetToCome).map {
            "a list is said to have been read at \($0), which is in the future. \(Self.clocks)"
        }
    }

    /// What is wrong with the latest time at which another database's resources were seen; `nil` if nothing is.
    package func problem(withResourcesSeen latest: Timestamp?) -> String? {
        latest.flatMap { isYetToCome($0) ? $0 : nil }.map {
            "hosts or other resources are said to have been seen at \($0), which is in the future. \(Self.clocks)"
        }
    }

    /// Whether a moment is further in the future than differing clocks can explain.
    func isYetToCome(_ moment: Timestamp) -> Bool {
        moment > now.adding(seconds: Timestamp.clockToleranceSeconds)
    }

    private static let clocks = "Check the clock of this machine, and of the one that the file comes from."

    static func outOfRange(_ id: String, _ moment: Timestamp) -> String {
        // Such a moment cannot be written as a date.
        "lease \(id) has the time \(moment.secondsSince1970) s since 1970, outside the years 1 to 9999."
    }

    private static func quoted(_ id: String) -> String { JSONValue.string(id).text() }
}

extension BlazarLease {
    /// Every moment in the lease.
    fileprivate var moments: [Timestamp] {
        var found = [startsAt, endsAt]
        for moment in [createdAt, updatedAt] { if let moment { found.append(moment) } }
        for part in reservations { found += [part.createdAt, part.updatedAt].compactMap { $0 } }
        for part in events { found += [part.time, part.createdAt, part.updatedAt].compactMap { $0 } }
        return found
    }

    /// Every text in the lease that is stored in a column.
    fileprivate var texts: [String] {
        var found = [name, userID, projectID, status.rawValue, trustID ?? ""]
        for part in reservations {
            found += [part.id, part.resourceID ?? "", part.resourceType.rawValue, part.status.rawValue]
        }
        for part in events { found += [part.id, part.eventType, part.status.rawValue] }
        return found
    }
}
