import GRDB
import LeaseModel

/// Writes the rows that belong to a lease: its parts, and the states that are over.
struct LeaseRowWriter {
    let database: Database

    /// Puts the reservations and events of a lease in place of those that are there.
    func replaceParts(of lease: BlazarLease, key: Int64) throws {
        try database.cachedStatement(sql: "DELETE FROM reservation WHERE lease_key = ?").execute(arguments: [key])
        try database.cachedStatement(sql: "DELETE FROM event WHERE lease_key = ?").execute(arguments: [key])
        try insertParts(of: lease, key: key)
    }

    func insertParts(of lease: BlazarLease, key: Int64) throws {
        let reservations = try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO reservation (lease_key, id, resource_id, resource_type, status, missing_resources,
                    resources_changed, created_at, updated_at, node_type, fields, min_count, max_count, amount)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        for part in lease.reservations {
            try reservations.execute(arguments: [
                key, part.id, part.resourceID, part.resourceType.rawValue, part.status.rawValue,
                part.isMissingResources, part.areResourcesChanged, part.createdAt?.secondsSince1970,
                part.updatedAt?.secondsSince1970, part.requiredValue(of: "node_type"),
                JSONValue.object(part.fields).text(), part.minimumCount, part.maximumCount, part.amount,
            ])
        }
        let events = try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO event (lease_key, id, event_type, time_at, status, created_at, updated_at, extra)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """)
        for part in lease.events {
            try events.execute(arguments: [
                key, part.id, part.eventType, part.time?.secondsSince1970, part.status.rawValue,
                part.createdAt?.secondsSince1970, part.updatedAt?.secondsSince1970, LeaseRows.text(part.extra),
            ])
        }
    }

    /// Writes a state that is over into the history.
    func insertHistory(key: Int64, _ version: LeaseVersion) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO lease_history (lease_key, observed_at, last_seen_at, observed_until, name, status, start_at,
                    end_at, gone, gone_after, gone_before, gone_unconfirmed, document)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        let lease = version.lease
        let departure = version.departure
        try statement.execute(arguments: [
            key, version.observedAt.secondsSince1970, version.lastSeenAt.secondsSince1970,
            version.observedUntil?.secondsSince1970, lease.name, lease.status.rawValue,
            lease.startsAt.secondsSince1970, lease.endsAt.secondsSince1970, departure?.column,
            departure?.after.secondsSince1970, departure?.before.secondsSince1970, departure?.reason == .unlisted,
            JSONValue.object(version.stored).text(),
        ])
    }
}

extension LeaseVersion {
    /// The lease's other fields as they are kept, with a note of what was seen in part only.
    var storedExtra: JSONObject {
        guard let partial else { return lease.extra }
        return lease.extra.merging([PartialSightings.key: partial.json])
    }

    /// The whole lease as it is kept in the history.
    fileprivate var stored: JSONObject {
        var lease = lease
        lease.extra = storedExtra
        return lease.json()
    }
}
