/// What a list with few columns tells of a lease: OpenStack's client lists names and dates only.
package struct PartialLease: Sendable, Hashable {
    /// The lease; fields that are not known are blank.
    package let lease: BlazarLease
    /// The fields that are known, by Blazar's names. The dates always are.
    package let fields: Set<String>

    /// Whether these fields are a whole lease.
    static func isWhole(_ fields: Set<String>) -> Bool {
        fields.isSuperset(of: ["name", "user_id", "project_id", "status", "reservations", "events"])
    }

    /// Takes some fields of a lease, and forgets the others.
    package init(_ source: BlazarLease, fields: Set<String>) {
        self.fields = fields
        var lease = BlazarLease(
            id: source.id, name: "", userID: "", projectID: "", startsAt: source.startsAt, endsAt: source.endsAt,
            status: LeaseStatus(rawValue: ""))
        Self.copy(fields, of: source, to: &lease)
        self.lease = lease
    }

    /// The whole lease, as far as one can tell.
    ///
    /// - Parameters:
    ///   - before: the lease as it was last known; `nil` if nothing was known of it.
    ///   - after: the lease as it was known later: whom it belongs to never changes.
    ///   - projectID: the project of a lease of which nothing else is known.
    /// - Returns: the known fields, the rest as it was; a status that nobody knew is empty.
    package func completed(from before: BlazarLease?, orOwner after: BlazarLease?, projectID: String) -> BlazarLease {
        var result = before ?? lease
        if before == nil {
            result.userID = after?.userID ?? ""
            result.projectID = after?.projectID ?? projectID
            result.createdAt = after?.createdAt
        }
        Self.copy(fields, of: lease, to: &result)
        // Somebody changed it, and nobody knows when.
        if result != before, !fields.contains("updated_at") { result.updatedAt = nil }
        return result
    }

    private static func copy(_ fields: Set<String>, of source: BlazarLease, to lease: inout BlazarLease) {
        lease.startsAt = source.startsAt
        lease.endsAt = source.endsAt
        for field in fields {
            switch field {
            case "name": lease.name = source.name
            case "user_id": lease.userID = source.userID
            case "project_id": lease.projectID = source.projectID
            case "status": lease.status = source.status
            case "degraded": lease.isDegraded = source.isDegraded
            case "trust_id": lease.trustID = source.trustID
            case "created_at": lease.createdAt = source.createdAt
            case "updated_at": lease.updatedAt = source.updatedAt
            case "reservations": lease.reservations = source.reservations
            case "events": lease.events = source.events
            default: break
            }
        }
    }
}
