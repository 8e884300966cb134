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

/// The text of a calendar, part by part, so that a long one is never in memory. Each part is read by itself.
package struct CalendarParts: Sendable {
    /// Where one part ends and the next begins.
    package enum Place: Sendable, Hashable {
        /// Behind a lease, by its key; and whether the calendar has begun.
        case lease(Int64, isBegun: Bool)
        /// Before the calendar's last line.
        case leases
    }

    private let manager: LeaseManager
    private let filter: LeaseFilter
    private let calendar: LeaseCalendar

    /// - Parameters:
    ///   - manager: the database.
    ///   - filter: which leases.
    ///   - now: when the calendar is made.
    ///   - alarmSeconds: how long before a lease's end to remind.
    /// - Throws: ``LeaseholdError`` if the policy file is invalid.
    package init(_ manager: LeaseManager, _ filter: LeaseFilter, now: Timestamp, alarmSeconds: Int64) throws {
        self.manager = manager
        self.filter = filter
        calendar = LeaseCalendar(
            now: now, alarmSeconds: alarmSeconds, extensionWindow: try manager.extensionWindows())
    }

    /// The part after a place; `nil` for the first one.
    ///
    /// - Returns: the text, and where the next part begins; `nil` after the last one. If there is no lease at all, there is no
    ///   text: no calendar is empty.
    /// - Throws: ``LeaseholdError``.
    package func part(after place: Place?) throws -> (text: String, next: Place?) {
        var (key, isBegun): (Int64?, Bool) = (nil, false)
        switch place {
        case nil: break
        case .lease(let last, let hasText): (key, isBegun) = (last, hasText)
        case .leases: return (LeaseCalendar.end, nil)
        }
        let (leases, next) = try manager.usage(filter, after: key)
        let events = leases.compactMap(calendar.event).joined()
        let text = events.isEmpty || isBegun ? events : LeaseCalendar.beginning + events
        isBegun = isBegun || !events.isEmpty
        if let next { return (text, .lease(next, isBegun: isBegun)) }
        return (text, isBegun ? .leases : nil)
    }
}
