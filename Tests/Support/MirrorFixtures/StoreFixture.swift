package import Foundation
package import LeaseModel
package import LeaseStore
import SyncPlanner

/// A database in a folder of its own, and leases to put there.
package struct StoreFixture: Sendable {
    package let folder: URL
    package let store: LeaseStore
    /// The scope of a member of the project p1, to which the cloud alpha leads.
    package let scope: Scope

    package init() throws { try self.init(contents: nil) }

    /// Makes a database from the contents of a file, or a new one.
    init(contents: Data?) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString)")
        if let contents {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            try contents.write(to: folder.appendingPathComponent("db.sqlite"))
        }
        store = try LeaseStore(path: folder.appendingPathComponent("db.sqlite").path, access: .writing)
        scope = try store.scope(for: Self.identity())
    }

    package var path: String { store.path }

    package func remove() { try? FileManager.default.removeItem(at: folder) }

    package static func identity(
        cloud: String = "alpha", endpoint: String = "http://cloud/v3", project: String = "p1", user: String = "u1",
        all: Bool = false
    ) -> ScopeIdentity {
        ScopeIdentity(
            cloud: cloud, fingerprint: cloud, site: cloud, endpoint: endpoint,
            authURL: "http://cloud/v3", region: "R", projectID: project, projectName: "project \(project)",
            userID: user, userName: "user \(user)", seesAllProjects: all)
    }

    /// A number of minutes after 2027-01-15 08:00 UTC.
    package static func time(_ minutes: Int) -> Timestamp {
        Timestamp(secondsSince1970: 1_800_000_000).adding(seconds: Int64(minutes) * 60)
    }

    /// A lease with one reservation of hosts and one event.
    package static func lease(
        _ id: String, name: String? = nil, status: LeaseStatus = .pending, project: String = "p1", user: String = "u1",
        from: Int = 0, to: Int = 60, nodeType: String? = "compute_skylake", extra: JSONObject = [:]
    ) -> BlazarLease {
        let reservation = Reservation(
            id: "r-\(id)", leaseID: id, resourceID: "x", resourceType: .host, status: .pending,
            fields: [
                "min": 1, "max": 2,
                "resource_properties": nodeType.map { .string("[\"==\", \"$node_type\", \"\($0)\"]") } ?? "",
            ])
        let event = LeaseEvent(
            id: "e-\(id)", leaseID: id, eventType: "start_lease", time: time(from), status: .undone)
        return BlazarLease(
            id: id, name: name ?? "lease-\(id)", userID: user, projectID: project, startsAt: time(from),
            endsAt: time(to), status: status, isDegraded: false, trustID: "t", createdAt: time(-1), updatedAt: nil,
            reservations: [reservation], events: [event], extra: extra)
    }

    /// A complete pull: listed leases are written, and other known leases are marked as deleted.
    @discardableResult
    package func pull(_ leases: [BlazarLease], at minute: Int, scope: Scope? = nil) throws -> [LeaseChange] {
        let scope = scope ?? self.scope
        let time = Self.time(minute)
        var ledger = try store.pullLedger(scope: scope.id)
        var run = try store.beginRun(cloud: scope.site, scope: scope.id, at: time)
        let observed = leases.map { ObservedLease(lease: $0, digest: UInt64(bitPattern: Int64($0.hashValue))) }
        let changed = observed.filter { ledger.observe(id: $0.lease.id, digest: $0.digest) != .unchanged }
        var changes = try store.apply(changed, scope: scope, run: &run, at: time) ?? []
        let gone = ledger.missingKeys.map { (key: $0, reason: Removal.Reason.deleted) }
        var counts = SyncCounts()
        for change in changes { counts.count(change.kind) }
        let result = try store.completeRun(
            run, scope: scope, gone: gone, counts: counts, serverDate: nil, requestID: nil, startedAt: time, at: time)
        changes += result?.changes ?? []
        return changes
    }
}
