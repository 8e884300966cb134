/// A stretch of time for which a reservation holds a resource, as Blazar's allocation lists give it.
public struct Allocation: Sendable, Hashable {
    /// What is held.
    public var resourceKind: ResourceKind
    /// Blazar's identifier of what is held.
    public var resourceID: String
    /// The reservation that holds it.
    public var reservationID: String
    /// The lease of that reservation.
    public var leaseID: String
    /// When it begins.
    public var startsAt: Timestamp
    /// When it ends.
    public var endsAt: Timestamp
    /// Whose it is; a site may hide that from members (Chameleon does).
    public var projectID: String?
    /// The lease's name; a site may hide that from members.
    public var leaseName: String?
    /// Every other field of the server's, kept as it came.
    public var extra: JSONObject

    /// Makes an allocation from its parts.
    public init(
        resourceKind: ResourceKind, resourceID: String, reservationID: String, leaseID: String, startsAt: Timestamp,
        endsAt: Timestamp, projectID: String? = nil, leaseName: String? = nil, extra: JSONObject = [:]
    ) {
        self.resourceKind = resourceKind
        self.resourceID = resourceID
        self.reservationID = reservationID
        self.leaseID = leaseID
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.projectID = projectID
        self.leaseName = leaseName
        self.extra = extra
    }

    /// Reads an allocation from an element of `reservations` in `/v1/os-hosts/allocations` and its like.
    ///
    /// - Returns: `nil` if an id or a date is missing or not sound.
    public init?(resourceKind: ResourceKind, resourceID: String, json object: JSONObject) {
        var fields = FieldReader(object)
        guard let reservationID = fields.string("id"), let leaseID = fields.string("lease_id"),
            let startsAt = fields.time("start_date"), let endsAt = fields.time("end_date")
        else { return nil }
        self.init(
            resourceKind: resourceKind, resourceID: resourceID, reservationID: reservationID, leaseID: leaseID,
            startsAt: startsAt, endsAt: endsAt, projectID: fields.string("project_id"),
            leaseName: fields.string("lease_name"))
        extra = fields.remainder
    }
}
