/// Checks a draft before it is queued, using what the mirror knows about the site and the rules of the site that apply
/// to the draft. It needs no network, and it says nothing about what is unknown.
///
/// The mirror may be out of date, so findings based on it are warnings. Refusals are based on Blazar's own checks.
public struct DraftReview: Sendable {
    let catalog: SiteCatalog
    private let rules: LeaseRules
    private let cost: Double?
    let now: Timestamp
    private let lateStart: LateStartPolicy

    /// - Parameters:
    ///   - catalog: the resources of the site, as far as they are known.
    ///   - rules: the site's rules that apply to the draft.
    ///   - cost: what the lease costs in service units; `nil` if not known.
    ///   - lateStart: what to do about a start that has passed.
    ///   - now: the current time, for a draft that starts now.
    public init(
        catalog: SiteCatalog = SiteCatalog(), rules: LeaseRules = LeaseRules(), cost: Double? = nil,
        lateStart: LateStartPolicy = .expire, now: Timestamp
    ) {
        self.catalog = catalog
        self.rules = rules
        self.cost = cost
        self.lateStart = lateStart
        self.now = now
    }

    /// All findings, in the order of the fields.
    public func findings(_ draft: LeaseDraft) -> [DraftFinding] {
        var findings = draft.problems(now: now).map { DraftFinding(.refusal, field: $0.field, "It \($0.problem).") }
        findings += pastFindings(draft)
        findings += lengthFindings(draft)
        findings += contentFindings(draft)
        for (index, reservation) in draft.reservations.enumerated() {
            findings += reservationFindings(reservation, field: "reservations[\(index)]")
        }
        return findings
    }

    // MARK: - The lease as a whole

    private func pastFindings(_ draft: LeaseDraft) -> [DraftFinding] {
        guard case .at(let start) = draft.start, start < draft.endsAt else { return [] }
        let minute = now.truncatedToMinute
        if lateStart != .shift, draft.endsAt.truncatedToMinute <= minute {
            return [DraftFinding(.refusal, field: "end_date", "\(draft.endsAt) has passed.")]
        }
        guard lateStart == .expire, start.truncatedToMinute < minute else { return [] }
        return [
            DraftFinding(
                .refusal, field: "start_date",
                "\(start) has passed. Start it now, or allow a late start (--late-start start-now or shift)."
            )
        ]
    }

    private func lengthFindings(_ draft: LeaseDraft) -> [DraftFinding] {
        let startsAt: Timestamp = if case .at(let time) = draft.start { time } else { now }
        var findings: [DraftFinding] = []
        if let announced = draft.beforeEnd, announced < startsAt || announced > draft.endsAt {
            findings.append(
                DraftFinding(
                    .refusal, field: "before_end_date",
                    "The notice before the end must be within the lease, not at \(announced.iso8601)."))
        }
        if let end = rules.allocationEndsAt, draft.endsAt > end {
            findings.append(LeaseObstacle.allocationEnds(end).finding)
        }
        if let cost {
            findings += rules.balances.filter { cost > $0.serviceUnits }
                .map { LeaseObstacle.overBalance(cost: cost, $0).finding }
        }
        let seconds = draft.endsAt.seconds(since: startsAt)
        guard let longest = rules.maxDurationSeconds, seconds > LeaseRules.graceSeconds,
            seconds - LeaseRules.graceSeconds > longest
        else { return findings }
        let most = DurationText.text(seconds: longest)
        findings.append(
            DraftFinding(
                .warning, field: "end_date",
                "It lasts \(DurationText.text(seconds: seconds)); the site's policy allows \(most). Ask for \(most), "
                    + "and extend it later."))
        if types(draft).contains(.floatingIP) {
            findings.append(
                DraftFinding(
                    .warning, field: "reservations",
                    "A lease with floating IPs cannot be extended once one of them is reserved for somebody else: "
                        + "reserve them in a separate lease if you want to extend this one."))
        }
        return findings
    }

    private func contentFindings(_ draft: LeaseDraft) -> [DraftFinding] {
        let types = types(draft)
        guard !types.isEmpty else {
            return [DraftFinding(.warning, field: "reservations", "It reserves nothing.")]
        }
        let places: Set<ResourceType> = [.host, .instance, .flavor, .device]
        let auxiliary: Set<ResourceType> = [.floatingIP, .network]
        guard types.isDisjoint(with: places), types.isSubset(of: auxiliary) else { return [] }
        return [
            DraftFinding(
                .warning, field: "reservations",
                "It reserves no node, instance or device: nothing can run in it by itself.")
        ]
    }

    private func types(_ draft: LeaseDraft) -> Set<ResourceType> {
        Set(draft.reservations.compactMap { $0["resource_type"]?.stringValue }.map(ResourceType.init(rawValue:)))
    }

    // MARK: - One reservation

    private func reservationFindings(_ fields: JSONObject, field: String) -> [DraftFinding] {
        let type = ResourceType(rawValue: fields["resource_type"]?.stringValue ?? "")
        let refusals = ReservationReview.missing(fields, field) + ReservationReview.counts(fields, type, field)
        return refusals + siteFindings(fields, type, field)
    }

    /// Findings about a reservation that depend on what the site has.
    private func siteFindings(_ fields: JSONObject, _ type: ResourceType, _ field: String) -> [DraftFinding] {
        switch type {
        case .host:
            return countFindings(fields, .host, field) + requirementFindings(fields, .host, field)
        case .device:
            return countFindings(fields, .device, field) + requirementFindings(fields, .device, field)
        case .floatingIP: return floatingIPFindings(fields, field)
        case .flavor: return flavorFindings(fields, field)
        case .instance: return requirementFindings(fields, .host, field)
        case .network:
            return nameFindings(fields, field) + requirementFindings(fields, .networkSegment, field)
        case .other: return typeFindings(type, field)
        }
    }

    private func typeFindings(_ type: ResourceType, _ field: String) -> [DraftFinding] {
        // LeaseDraft.problems reports a missing type.
        guard !type.rawValue.isEmpty else { return [] }
        let known = Set(ResourceType.shortNames.map(\.type.rawValue)).sorted()
        return [
            DraftFinding(
                .warning, field: field + ".resource_type",
                "'\(type)' is not a known resource type.\(Suggestion.sentence(for: type.rawValue, in: known))")
        ]
    }

    private func nameFindings(_ fields: JSONObject, _ field: String) -> [DraftFinding] {
        guard fields["network_name"]?.stringValue?.isEmpty ?? true else { return [] }
        return [DraftFinding(.refusal, field: field + ".network_name", "A network needs a name.")]
    }

    private func flavorFindings(_ fields: JSONObject, _ field: String) -> [DraftFinding] {
        guard let id = fields["flavor_id"]?.stringValue, let flavors = catalog[.flavor], !flavors.isEmpty,
            !flavors.contains(where: { $0.id == id })
        else { return [] }
        return [
            DraftFinding(
                .warning, field: field + ".flavor_id",
                "The site has no flavor with the id '\(id)'.\(Suggestion.sentence(for: id, in: flavors.map(\.id)))")
        ]
    }

    private func floatingIPFindings(_ fields: JSONObject, _ field: String) -> [DraftFinding] {
        guard let network = fields["network_id"]?.stringValue else { return [] }
        if let networks = catalog[.network], !networks.isEmpty, !networks.contains(where: { $0.id == network }) {
            let named = networks.first { $0.name == network }.map { " The network of that name is \($0.id)." } ?? ""
            return [
                DraftFinding(
                    .warning, field: field + ".network_id", "The site has no network with the id '\(network)'.\(named)")
            ]
        }
        guard let addresses = catalog[.reservableFloatingIP], let amount = fields["amount"]?.intValue else {
            return []
        }
        let there = addresses.count { address in
            address.fields["floating_network_id"]?.stringValue.map { $0 == network } ?? true
        }
        guard amount > there else { return [] }
        return [
            DraftFinding(
                .warning, field: field + ".amount",
                "It asks for \(amount) floating IPs of that network; the site has \(there) to reserve.")
        ]
    }
}

extension Suggestion {
    /// ` Did you mean 'x'?`, or nothing.
    static func sentence(for typed: String, in candidates: some Sequence<String>) -> String {
        nearest(to: typed, in: candidates).map { " Did you mean '\($0)'?" } ?? ""
    }
}

extension DraftReview {
    /// Findings about the number of hosts or devices.
    func countFindings(_ fields: JSONObject, _ kind: ResourceKind, _ field: String) -> [DraftFinding] {
        if catalog.notOffered.contains(kind) {
            return [
                DraftFinding(
                    .warning, field: field + ".resource_type", "The site offers no \(Self.things(kind)) to reserve.")
            ]
        }
        guard let least = LeaseFields.number(fields["min"]), least > 0 else { return [] }
        guard let present = catalog[kind] else { return [] }
        let usable = present.filter { $0.fields["reservable"]?.boolValue != false }
        let properties = fields["resource_properties"]?.stringValue.flatMap { try? ResourceProperties(parsing: $0) }
        let fitting = usable.count { properties?.matches($0.fields) ?? true }
        guard least > fitting else { return [] }
        let which = properties.map { $0.isEmpty ? "" : " that match" } ?? ""
        return [
            DraftFinding(
                .warning, field: field + ".min",
                "It asks for \(least) \(Self.things(kind)); the site has \(fitting)\(which).")
        ]
    }

    /// Findings about the requirements on hosts, devices or networks.
    func requirementFindings(_ fields: JSONObject, _ kind: ResourceKind, _ field: String) -> [DraftFinding] {
        var findings: [DraftFinding] = []
        for name in ["resource_properties", "hypervisor_properties"] {
            guard let text = fields[name]?.stringValue, !text.isEmpty else { continue }
            let place = "\(field).\(name)"
            do {
                let properties = try ResourceProperties(parsing: text)
                findings += properties.conditions.filter { $0.value.stringValue == nil }.map { condition in
                    DraftFinding(
                        .refusal, field: place,
                        "$\(condition.property) is compared with the \(condition.value.kind) "
                            + "\(condition.value.text()); Blazar takes strings only: write \"\(condition.textValue)\".")
                }
                findings += properties.conditions.flatMap { conditionFindings($0, kind, place) }
            } catch {
                findings.append(DraftFinding(.refusal, field: place, "They \(error.problem)."))
            }
        }
        return findings
    }

    private func conditionFindings(
        _ condition: ResourceCondition, _ kind: ResourceKind, _ field: String
    ) -> [DraftFinding] {
        guard let present = catalog[kind], !present.isEmpty else { return [] }
        let names = catalog.propertyNames(kind)
        guard names.contains(condition.property) else {
            return [
                DraftFinding(
                    .warning, field: field,
                    "No \(Self.thing(kind)) of the site has a property '\(condition.property)'."
                        + Suggestion.sentence(for: condition.property, in: names.sorted()))
            ]
        }
        guard [.equal, .same].contains(condition.comparison) else { return [] }
        let isHeld = present.contains { condition.matches($0.fields) == true }
        guard !isHeld else { return [] }
        let values = catalog.values(of: condition.property, kind).sorted()
        let listed = values.count <= 12 ? " There are \(values.joined(separator: ", "))." : ""
        let suggestion = Suggestion.sentence(for: condition.textValue, in: values)
        return [
            DraftFinding(
                .warning, field: field,
                "No \(Self.thing(kind)) of the site has the \(condition.property) '\(condition.textValue)'."
                    + (suggestion.isEmpty ? listed : suggestion))
        ]
    }

    private static func thing(_ kind: ResourceKind) -> String {
        switch kind {
        case .device: "device"
        case .networkSegment: "network segment"
        case .host, .reservableFloatingIP, .flavor, .flavorInstances, .network, .floatingIP, .project, .user: "host"
        }
    }

    private static func things(_ kind: ResourceKind) -> String { thing(kind) + "s" }
}

/// A finding about a draft before it is sent.
public struct DraftFinding: Sendable, Hashable, CustomStringConvertible {
    /// How certain the finding is.
    public enum Severity: String, Sendable, Hashable {
        /// Blazar may refuse the draft, or it may not be what the user meant.
        case warning
        /// Blazar refuses the draft, whatever resources the site has.
        case refusal
    }

    /// How certain the finding is.
    public let severity: Severity
    /// The field it is about: `reservations[0].resource_properties`.
    public let field: String
    /// The finding in one sentence.
    public let message: String

    /// Makes a finding.
    public init(_ severity: Severity, field: String, _ message: String) {
        self.severity = severity
        self.field = field
        self.message = message
    }

    public var description: String { "\(field): \(message)" }

    /// The finding as JSON, for programs.
    public var json: JSONObject {
        ["severity": .string(severity.rawValue), "field": .string(field), "message": .string(message)]
    }
}
