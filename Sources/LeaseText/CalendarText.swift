package import LeaseModel
import LeaseReports
package import Leasehold

extension LeaseManager {
    /// How long before their ends leases may be extended.
    ///
    /// - Parameter given: the window of every lease, in seconds; `nil` for those of the sites' policies.
    /// - Returns: the window of a lease in seconds; `nil` if it is not known.
    /// - Throws: ``LeaseholdError`` if the policy file is invalid.
    package func extensionWindows(_ given: Int64? = nil) throws -> @Sendable (LeaseUsage) -> Int64? {
        if let given { return { _ in given } }
        let policies = try scopes().reduce(into: [:]) { $0[$1.id] = try policy(of: $1) }
        return { lease in policies[lease.scopeID]?.rules(for: LeaseSubject(lease)).extensionWindowSeconds }
    }

    /// Passes on the text of a calendar with the leases that match a filter.
    ///
    /// - Parameters:
    ///   - filter: which leases.
    ///   - now: when the calendar is made.
    ///   - alarmSeconds: how long before a lease's end to remind.
    ///   - windowSeconds: how long before its end a lease may be extended; `nil` for what the policies say.
    ///   - each: takes the next part of the text. Nothing is passed on if there is no lease: no calendar is empty.
    /// - Throws: ``LeaseholdError``, or the error of `each`.
    package func forEachCalendarPart(
        _ filter: LeaseFilter, now: Timestamp, alarmSeconds: Int64, windowSeconds: Int64? = nil,
        each: (String) throws -> Void
    ) throws {
        let calendar = LeaseCalendar(
            now: now, alarmSeconds: alarmSeconds, extensionWindow: try extensionWindows(windowSeconds))
        var isBegun = false
        // With past states included, a lease combines what all scopes of its site know about it.
        try forEachUsage(filter, includesStates: true, includesKinds: true) { lease in
            guard let event = calendar.event(lease) else { return }
            if !isBegun { try each(LeaseCalendar.beginning) }
            isBegun = true
            try each(event)
        }
        if isBegun { try each(LeaseCalendar.end) }
    }
}
