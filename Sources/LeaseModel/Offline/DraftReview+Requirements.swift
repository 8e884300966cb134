extension DraftReview {
    /// What is noticed about how many hosts or devices are asked for.
    func countFindings(_ fields: JSONObject, _ kind: ResourceKind, _ field: String) -> [DraftFinding] {
        if catalogue.notOffered.contains(kind) {
            return [
                DraftFinding(
                    .warning, field: field + ".resource_type", "The site offers no \(Self.things(kind)) to reserve.")
            ]
        }
        guard let least = LeaseFields.number(fields["min"]), least > 0 else { return [] }
        guard let present = catalogue[kind] else { return [] }
        let usable = present.filter { $0.fields["reservable"]?.boolValue != false }
        let properties = fields["resource_properties"]?.stringValue.flatMap { try? ResourceProperties(parsing: $0) }
        let fitting = usable.count { properties?.matches($0.fields) ?? true }
        guard least > fitting else { return [] }
        let which = properties.map { $0.isEmpty ? "" : " that fit" } ?? ""
        return [
            DraftFinding(
                .warning, field: field + ".min",
                "It asks for \(least) \(Self.things(kind)); the site has \(fitting)\(which).")
        ]
    }

    /// What is noticed about what the hosts, devices or networks must be.
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
                            + "\(condition.value.text()); Blazar takes texts only: write \"\(condition.textValue)\".")
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
        guard let present = catalogue[kind], !present.isEmpty else { return [] }
        let names = catalogue.propertyNames(kind)
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
        let values = catalogue.values(of: condition.property, kind).sorted()
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
        default: "host"
        }
    }

    private static func things(_ kind: ResourceKind) -> String { thing(kind) + "s" }
}
