public import LeaseModel
import LeaseStore
import SyncEngine

/// How a creation waits for room: when it may start, and what else will do.
public struct WhenFree: Sendable, Hashable {
    /// Something else that will do. What is `nil` stays as requested.
    public struct Alternative: Sendable, Hashable {
        /// Another cloud.
        public var cloud: String?
        /// Another node type, of hosts and devices that were requested by their type.
        public var nodeType: String?

        /// Makes an alternative.
        public init(cloud: String? = nil, nodeType: String? = nil) {
            self.cloud = cloud
            self.nodeType = nodeType
        }
    }

    /// The earliest start; `nil` for any.
    public var earliest: Timestamp?
    /// The latest start; `nil` for any.
    public var latest: Timestamp?
    /// How long before its start the lease may be created, in seconds; `nil` for any time.
    public var aheadSeconds: Int64?
    /// What else will do, best first.
    public var alternatives: [Alternative]

    /// Makes the conditions.
    public init(
        earliest: Timestamp? = nil, latest: Timestamp? = nil, aheadSeconds: Int64? = nil,
        alternatives: [Alternative] = []
    ) {
        self.earliest = earliest
        self.latest = latest
        self.aheadSeconds = aheadSeconds
        self.alternatives = alternatives
    }
}

extension LeaseManager {
    /// What lets waiting creations go out at a sync.
    var waiter: Waiter {
        Waiter(store: store, random: configuration.random) { [self] creation, choice, period, now in
            try room(for: choice, of: creation, period, at: now)
        }
    }

    /// The terms of a creation that waits.
    func terms(
        _ whenFree: WhenFree, _ draft: LeaseDraft, _ scope: Scope, _ terms: WriteTerms
    ) throws(LeaseholdError) -> WriteTerms {
        if let earliest = whenFree.earliest, let latest = whenFree.latest, latest < earliest {
            throw LeaseholdError(code: .invalid, message: "The latest start is before the earliest one.")
        }
        var choices = [
            WaitingTerms.Choice(
                address: scope.queueAddress, scopeID: scope.id, reservations: draft.reservations)
        ]
        for alternative in whenFree.alternatives {
            var reservations = draft.reservations
            var place = scope
            if let cloud = alternative.cloud {
                guard let other = try self.scope(ofCloud: cloud) else {
                    throw LeaseholdError(
                        code: .notFound,
                        message: "The cloud '\(cloud)' has never been synced: run `leasehold sync --os-cloud \(cloud)`."
                    )
                }
                reservations = try translated(reservations, from: scope, to: other)
                place = other
            }
            if let nodeType = alternative.nodeType {
                reservations = try Self.replacingNodeType(in: reservations, by: nodeType)
            }
            choices.append(
                WaitingTerms.Choice(address: place.queueAddress, scopeID: place.id, reservations: reservations))
        }
        var terms = terms
        terms.notAfter = [terms.notAfter, whenFree.latest].compactMap { $0 }.min()
        terms.waiting = WaitingTerms(
            earliest: whenFree.earliest, aheadSeconds: whenFree.aheadSeconds, choices: choices)
        return terms
    }

    /// Reviews what else will do, each at its own site. What holds for the draft as well is not repeated.
    func reviewAlternatives(to draft: LeaseDraft, _ terms: WriteTerms) throws(LeaseholdError) -> [DraftFinding] {
        let scopes = try scopes()
        var findings: [DraftFinding] = []
        for (number, choice) in (terms.waiting?.choices ?? []).enumerated().dropFirst() {
            guard let scope = scopes.first(where: { $0.id == choice.scopeID }) else { continue }
            let known = Set(try review(draft, scope: scope, lateStart: terms.lateStart).map(\.message))
            var other = draft
            other.reservations = choice.reservations
            for finding in try review(other, scope: scope, lateStart: terms.lateStart)
            where !known.contains(finding.message) {
                findings.append(
                    DraftFinding(
                        finding.severity, field: finding.field, "Alternative \(number) (--or): \(finding.message)"))
            }
        }
        return findings
    }

    /// Syncs the cloud, which sends the creation if there is room. The clouds of the alternatives are read first.
    func lookForRoom(
        _ creation: Mutation, _ connection: CloudConnection,
        _ progress: @escaping @Sendable (SyncProgress) async -> Void
    ) async throws -> WriteResult {
        let choices = creation.waiting?.choices ?? []
        for scope in try scopes() where choices.contains(where: { $0.scopeID == scope.id }) {
            guard scope.queueAddress != creation.address else { continue }
            _ = try? await sync(
                leadingTo: scope, clouds: [], options: SyncOptions(), waiter: nil, progress: { _ in })
        }
        let report = await CloudSync(
            store: store, connection: connection, options: bounded(SyncOptions()), keeper: keeper, waiter: waiter,
            random: configuration.random, progress: noting(progress)
        ).run()
        // It may have gone to another cloud, which sends it.
        let present = try store.mutation(id: creation.id) ?? creation
        if present.state == .queued, present.address != creation.address,
            let scope = try scopes().first(where: { $0.id == present.scopeID })
        {
            _ = try? await sync(
                leadingTo: scope, clouds: [], options: SyncOptions(), waiter: waiter, progress: progress)
        }
        var result = try result(creation, pause: report.message)
        result.notes += report.warnings
        return result
    }

    // MARK: - Alternatives

    private static func replacingNodeType(
        in reservations: [JSONObject], by nodeType: String
    ) throws(LeaseholdError) -> [JSONObject] {
        var result: [JSONObject] = []
        var isReplaced = false
        for fields in reservations {
            var changed = fields
            let type = fields["resource_type"]?.stringValue.map(ResourceType.init(rawValue:))
            if type == .host || type == .device {
                let property = type == .host ? "node_type" : "machine_name"
                let given = try? ResourceProperties(parsing: fields["resource_properties"]?.stringValue ?? "")
                let others = (given?.conditions ?? []).filter { $0.property != property }
                let wanted = ResourceProperties(others + [ResourceCondition(property, .equal, .string(nodeType))])
                changed["resource_properties"] = .string(wanted.text)
                isReplaced = true
            }
            result.append(changed)
        }
        guard isReplaced else {
            throw LeaseholdError(
                code: .invalid, message: "Another node type was given, but no hosts or devices are reserved.")
        }
        return result
    }

    /// Reservations for another site: networks and flavors have other ids there.
    private func translated(
        _ reservations: [JSONObject], from scope: Scope, to other: Scope
    ) throws(LeaseholdError) -> [JSONObject] {
        guard scope.siteID != other.siteID else { return reservations }
        var result: [JSONObject] = []
        for fields in reservations {
            var changed = fields
            for (field, kind) in [("network_id", ResourceKind.network), ("flavor_id", .flavor)] {
                guard let id = fields[field]?.stringValue else { continue }
                let name = try resources(kind, scopes: [scope.id]).first { $0.resource.id == id }?.resource.name
                let there = try resources(kind, scopes: [other.id]).map(\.resource)
                guard let found = there.first(where: { $0.name == name ?? id }) ?? there.first(where: { $0.id == id })
                else {
                    throw LeaseholdError(
                        code: .notFound,
                        message: "\(other.site) has no \(kind == .flavor ? "flavor" : "network") '\(name ?? id)'.")
                }
                changed[field] = .string(found.id)
            }
            result.append(changed)
        }
        return result
    }

    // MARK: - Room

    /// When there is room for a request, as far as the mirror shows. What a site does not report counts as free.
    private func room(
        for choice: WaitingTerms.Choice, of creation: Mutation, _ period: WaitingTerms.Period, at now: Timestamp
    ) throws(LeaseholdError) -> WaitingTerms.Room {
        guard let scope = try scopes().first(where: { $0.id == choice.scopeID }) else { return .none }
        var wanted: [(calendar: ResourceCalendar, count: Int)] = []
        for fields in choice.reservations {
            guard let wish = ResourceWish(requesting: fields) else { continue }
            do {
                let found = try availability(
                    of: wish, scope: scope, from: period.from, at: now, without: creation.id)
                let count = fields["min"] ?? fields["amount"]
                wanted.append(
                    (found.calendar(), count?.intValue ?? count?.stringValue.flatMap { Int($0) } ?? 1))
            } catch {
                guard error.code != .database else { throw error }
            }
        }
        guard !wanted.isEmpty else { return .unknown }
        let start = ResourceCalendar.earliestStart(
            wanted, durationSeconds: period.seconds, after: period.from,
            before: period.latest.map { $0.truncatedToMinute.adding(seconds: period.seconds) })
        return start.map(WaitingTerms.Room.from) ?? .none
    }
}

extension ResourceWish {
    /// What a reservation asks for; `nil` if it cannot be told.
    fileprivate init?(requesting fields: JSONObject) {
        guard let type = fields["resource_type"]?.stringValue.map(ResourceType.init(rawValue:)),
            type.hasCalendar,
            let properties = try? ResourceProperties(parsing: fields["resource_properties"]?.stringValue ?? "")
        else { return nil }
        self.init(
            type, properties: properties, network: fields["network_id"]?.stringValue,
            flavor: fields["flavor_id"]?.stringValue)
    }
}
