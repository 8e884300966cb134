package import LeaseModel

/// A period in which a lease holds a resource, or will hold it.
package struct OccupancyHold: Sendable, Hashable {
    /// Whose lease it is, in the order of precedence.
    package enum Holder: Int, Sendable, Hashable, Comparable {
        /// A lease that only the list of allocations tells of.
        case others
        /// A lease of a project that this database syncs.
        case project
        /// A lease of a user that this database syncs.
        case own

        package static func < (left: Holder, right: Holder) -> Bool { left.rawValue < right.rawValue }
    }

    /// How far it is known, and whether a queued write concerns it.
    package enum State: String, Sendable, Hashable {
        /// The site said so.
        case reported = "held"
        /// The allocation was removed from the site's list in this period; when is not known exactly.
        case uncertain
        /// A queued creation or extension asks for it.
        case queued
        /// A queued deletion or reduction would end it.
        case ending
    }

    /// From when until just before when.
    package let span: Range<Timestamp>
    /// The caller's number of the lease.
    package let lease: Int
    package let holder: Holder
    package let state: State

    package init(span: Range<Timestamp>, lease: Int, holder: Holder, state: State = .reported) {
        self.span = span
        self.lease = lease
        self.holder = holder
        self.state = state
    }
}

/// A part of a resource's row in the calendar.
package struct OccupancyCell: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        /// Nothing is known to hold it.
        case free
        /// One or more holds that stay the same throughout: the first of them by precedence, and how many there are.
        case held(first: Int, count: Int)
        /// Changes too close to each other to be drawn.
        case mixed(OccupancyMix)
    }

    package let span: Range<Timestamp>
    package let content: Content

    package init(span: Range<Timestamp>, content: Content) {
        self.span = span
        self.content = content
    }

    /// The part of a free cell that a new lease could have: whole minutes, from the next one on. `nil` if there is none
    /// or the cell is not free.
    package func bookable(at now: Timestamp) -> Range<Timestamp>? {
        guard case .free = content else { return nil }
        let earliest = max(span.lowerBound, now)
        let start = earliest.truncatedToMinute == earliest ? earliest : earliest.truncatedToMinute.adding(seconds: 60)
        let end = span.upperBound.truncatedToMinute
        return start < end ? start..<end : nil
    }
}

/// What a merged part of a row contains.
package struct OccupancyMix: Sendable, Hashable {
    /// For how many seconds at least one lease holds the resource.
    package var heldSeconds: Int64
    /// How many holds overlap this part.
    package var holds: Int
    /// The holder with the highest precedence; `nil` if nothing holds it.
    package var holder: OccupancyHold.Holder?

    package init(heldSeconds: Int64, holds: Int, holder: OccupancyHold.Holder?) {
        self.heldSeconds = heldSeconds
        self.holds = holds
        self.holder = holder
    }
}
