/// How a paged list of leases is sorted.
public struct LeaseSort: Sendable, Hashable {
    /// What leases are sorted by. The raw value is the column's name in `leasehold list`.
    public enum Column: String, Sendable, Hashable, CaseIterable {
        /// As people look for leases: see ``LeaseOrder/relevance(at:)``. It has no column, and one direction.
        case relevance
        /// As a calendar shows leases: the user's own first, then all others, each by start. It has no column, and one
        /// direction.
        case calendar
        case name
        case status
        case user = "user_name"
        case project = "project_name"
        case site
        case resources
        case start = "start_date"
        case end = "end_date"
        case length = "hours"
        case created = "created_at"
        case id
    }

    /// What they are sorted by. Leases that are equal in it have a fixed order.
    public var column: Column
    /// Whether the largest value comes first.
    public var isDescending: Bool

    /// Makes an order.
    public init(_ column: Column, isDescending: Bool = false) {
        self.column = column
        self.isDescending = isDescending
    }
}

/// A place in a sorted list of leases: behind one of them, by its values, not by their number. So a page that follows
/// is found at once, and neither repeats nor skips leases if others come or go.
public struct LeasePosition: Sendable, Hashable {
    /// A value that leases are sorted by.
    package enum Value: Sendable, Hashable {
        case integer(Int64)
        case text(String)
        case null
    }

    /// Which of the order's sections it is in.
    package let section: Int
    /// The value of the lease before it, by which the section is sorted.
    package let value: Value
    /// The row of the lease before it.
    package let key: Int64

    package init(section: Int, value: Value, key: Int64) {
        self.section = section
        self.value = value
        self.key = key
    }

    /// Reads a position's text; `nil` if it is not one.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let section = Int(parts[0]), section >= 0, let key = Int64(parts[1]) else { return nil }
        switch parts[2].first {
        case "i":
            guard let number = Int64(parts[2].dropFirst()) else { return nil }
            self.init(section: section, value: .integer(number), key: key)
        case "t": self.init(section: section, value: .text(String(parts[2].dropFirst())), key: key)
        case "n": self.init(section: section, value: .null, key: key)
        default: return nil
        }
    }

    /// The position as text, for an address.
    public var text: String {
        switch value {
        case .integer(let number): "\(section).\(key).i\(number)"
        case .text(let text): "\(section).\(key).t\(text)"
        case .null: "\(section).\(key).n"
        }
    }
}

/// A part of a sorted list of leases.
public struct LeaseListPage: Sendable, Hashable {
    /// The leases. Those that are only queued come before all others.
    public let leases: [MirroredLease]
    /// The place behind each lease: a page may be cut anywhere.
    public let positions: [LeasePosition]
    /// Where the next page begins; `nil` if this is the last one.
    public let next: LeasePosition?
    /// How many leases of the whole list are only queued.
    public let queuedCount: Int

    /// Makes a page.
    ///
    /// - Parameters:
    ///   - leases: the leases.
    ///   - positions: the place behind each.
    ///   - hasMore: whether more leases follow.
    ///   - queuedCount: how many leases of the whole list are only queued.
    public init(leases: [MirroredLease], positions: [LeasePosition], hasMore: Bool, queuedCount: Int = 0) {
        self.leases = leases
        self.positions = positions
        next = hasMore ? positions.last : nil
        self.queuedCount = queuedCount
    }
}
