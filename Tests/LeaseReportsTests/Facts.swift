import Foundation
import LeaseModel
import LeaseReports

/// The building blocks of the tests of reports.
enum Facts {
    /// A time in UTC: `2026-03-28 22:00`.
    static func time(_ text: String) -> Timestamp { Timestamp(parsing: text) ?? .distantPast }

    static func hosts(_ minimum: Int? = 1, _ maximum: Int? = 1, type: String? = "skylake", allocated: Int? = nil)
        -> HeldReservation
    {
        HeldReservation(
            resourceType: .host, nodeType: type, minimum: minimum, maximum: maximum, allocated: allocated)
    }

    static func lease(
        _ id: String = "a", project: String = "p1", user: String = "u1", status: LeaseStatus = .terminated,
        from: String, to: String, created: String? = nil, observed: String? = nil, lastSeen: String? = nil,
        gone: (after: String, before: String)? = nil, reason: Removal.Reason = .deleted,
        _ reservations: [HeldReservation] = [hosts()]
    ) -> LeaseUsage {
        let removal = gone.map { Removal(reason: reason, after: time($0.after), before: time($0.before)) }
        let seen = lastSeen.map(time) ?? removal?.after ?? time(to).adding(seconds: 86_400)
        return LeaseUsage(
            id: id, name: "lease-\(id)", site: "alpha", scopeID: 1, projectID: project, projectName: nil,
            userID: user, userName: "ada", status: status, startsAt: time(from), endsAt: time(to),
            createdAt: created.map(time), observedAt: observed.map(time) ?? seen, lastSeenAt: seen,
            removal: removal, reservations: reservations)
    }

    static func state(
        _ status: LeaseStatus = .active, from: String, to: String, observed: String, lastSeen: String, until: String
    ) -> ObservedState {
        ObservedState(
            status: status, startsAt: time(from), endsAt: time(to), observedAt: time(observed),
            lastSeenAt: time(lastSeen), observedUntil: time(until))
    }

    /// A zone from Fixtures/zones, which were copied from Debian's tzdata 2025b.
    static func zone(_ name: String) throws -> ZoneRules {
        try ZoneRules(parsing: Array(try zoneFile(name)))
    }

    static func zoneFile(_ name: String) throws -> Data {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try Data(contentsOf: tests.appending(path: "Fixtures/zones/\(name)"))
    }

    static func calendar(_ bucket: Bucket, _ zone: String? = nil) throws -> BucketCalendar {
        guard let zone else { return BucketCalendar(bucket) { _ in 0 } }
        let rules = try self.zone(zone)
        return BucketCalendar(bucket) { rules.offsetSeconds(at: $0.secondsSince1970) }
    }

    static let always = Timestamp.distantPast..<Timestamp.distantFuture

    static func period(_ from: String, _ to: String) -> Range<Timestamp> { time(from)..<time(to) }
}

extension LeaseUsage {
    /// A lease that nobody would create: dates in any order, any status, perhaps removed.
    static func random(_ random: inout SplitMix) -> LeaseUsage {
        let start = Timestamp(secondsSince1970: 1_750_000_000 + Int64(random.next() % 40_000_000))
        let end = start.adding(seconds: Int64(random.next() % 3_000_000))
        let seen = start.adding(seconds: Int64(random.next() % 4_000_000) - 500_000)
        let isGone = random.next() % 3 == 0
        return LeaseUsage(
            id: "\(random.next() % 50)", name: "", site: random.next() % 2 == 0 ? "alpha" : "beta", scopeID: 1,
            projectID: "p\(random.next() % 4)", userID: "u\(random.next() % 5)",
            status: [.active, .pending, .terminated, .error].randomElement(using: &random) ?? .active, startsAt: start,
            endsAt: end, observedAt: seen, lastSeenAt: seen,
            removal: isGone
                ? Removal(reason: .deleted, after: seen, before: seen.adding(seconds: Int64(random.next() % 9_000)))
                : nil,
            reservations: (0..<random.next() % 3).map { _ in
                Facts.hosts(1, Int(random.next() % 3) + 1, type: random.next() % 2 == 0 ? "gpu" : nil)
            })
    }
}
