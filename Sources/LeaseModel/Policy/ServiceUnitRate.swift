/// What an hour of one reserved thing costs in the site's service units (SU), and from when to when.
public struct ServiceUnitRate: Sendable, Hashable {
    /// What is reserved: hosts, floating IPs, networks, flavors, devices.
    public var resourceType: ResourceType
    /// Which of it: a node type, a flavor's name, a device's machine name; `nil` for all that have no rate of their own.
    public var kind: String?
    /// Service units per hour of one of it.
    public var serviceUnitsPerHour: Double
    /// From this moment on; `nil` from ever.
    public var from: Timestamp?
    /// Until just before this moment; `nil` for ever.
    public var until: Timestamp?

    /// Makes a rate.
    public init(
        resourceType: ResourceType = .host, kind: String?, serviceUnitsPerHour: Double, from: Timestamp? = nil,
        until: Timestamp? = nil
    ) {
        self.resourceType = resourceType
        self.kind = kind
        self.serviceUnitsPerHour = serviceUnitsPerHour
        self.from = from
        self.until = until
    }

    /// Whether it holds at a moment.
    public func holds(at moment: Timestamp) -> Bool {
        if let from, moment < from { return false }
        if let until, moment >= until { return false }
        return true
    }
}
