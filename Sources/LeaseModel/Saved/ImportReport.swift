/// What the import of one file brought, or would bring.
public struct ImportReport: Sendable, Hashable {
    /// What kind of file it was.
    public enum Kind: String, Sendable, Hashable {
        /// Leases saved as JSON.
        case leases
        /// Another database of Leasehold's.
        case database
    }

    /// The file.
    public let file: String
    /// What kind of file it was.
    public let kind: Kind
    /// The site that the leases are of.
    public let site: String
    /// The name of the project whose leases they are, or whose member or administrator read them.
    public let projectName: String
    /// When the earliest of them was seen; `nil` if there are none.
    public var observedFrom: Timestamp?
    /// When the latest of them was seen; `nil` if there are none.
    public var observedUntil: Timestamp?
    /// Whether the time of the file itself stands in for the time at which they were seen.
    public var isDatedByFile = false
    /// How many leases the file has.
    public var leases = 0
    /// How many of them this database did not know.
    public var new = 0
    /// How many of those it knew have another history now.
    public var changed = 0
    /// How many entries were passed over: leases that were only queued, or gone.
    public var passedOver = 0

    /// Makes a report without counts.
    public init(file: String, kind: Kind, site: String, projectName: String) {
        self.file = file
        self.kind = kind
        self.site = site
        self.projectName = projectName
    }

    /// Notes that something was seen at a moment.
    package mutating func note(_ moment: Timestamp) {
        observedFrom = observedFrom.map { min($0, moment) } ?? moment
        observedUntil = observedUntil.map { max($0, moment) } ?? moment
    }
}

/// How far an import is.
public struct ImportProgress: Sendable, Hashable {
    /// The file.
    public let file: String
    /// How many of its leases are taken in.
    public let done: Int
    /// How many it has.
    public let total: Int

    /// Makes one.
    public init(file: String, done: Int, total: Int) {
        self.file = file
        self.done = done
        self.total = total
    }
}
