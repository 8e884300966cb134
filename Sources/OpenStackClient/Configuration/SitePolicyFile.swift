package import LeaseModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The file in which a person writes down the rules that sites have for leases:
/// `$XDG_CONFIG_HOME/leasehold/policy.yaml`, or the file that `LEASEHOLD_POLICY` names.
package enum SitePolicyFile {
    /// The policies of the file; none if there is no file.
    ///
    /// - Parameters:
    ///   - environment: the environment variables.
    ///   - homeDirectory: the user's home folder, absolute.
    ///   - currentDirectory: the current folder, absolute.
    /// - Returns: the policies.
    /// - Throws: ``CloudConfigurationError`` with file, line and key.
    package static func load(
        environment: [String: String], homeDirectory: String, currentDirectory: String
    ) throws(CloudConfigurationError) -> SitePolicies {
        let search = ConfigurationSearch(
            environment: environment, homeDirectory: homeDirectory, currentDirectory: currentDirectory,
            siteDirectories: [])
        let named = environment["LEASEHOLD_POLICY"].flatMap { $0.isEmpty ? nil : search.absolute($0) }
        let path = named ?? "\(search.userDirectory)/leasehold/policy.yaml"
        guard named != nil || FileManager.default.fileExists(atPath: path) else { return SitePolicies() }
        let text = try SitePolicyReader.text(ofFile: path, "policy file", "LEASEHOLD_POLICY")
        return try policies(path: path, text: text)
    }

    /// The policies in a text.
    ///
    /// - Throws: ``CloudConfigurationError`` with file, line and key.
    package static func policies(path: String, text: String) throws(CloudConfigurationError) -> SitePolicies {
        guard !text.allSatisfy(\.isWhitespace) else { return SitePolicies() }
        let file = try ConfigurationFile(path: path, text: text, expected: "settings such as \"max_duration: 7d\"")
        var policies = SitePolicies()
        policies.general = try SitePolicyReader.policy(file.root, besides: ["sites"])
        guard let node = file.root["sites"], !node.isNull else { return policies }
        guard let sites = node.mapping else {
            throw SitePolicyReader.invalid("sites", "should hold sites by name, indented below it", node)
        }
        for (name, node) in sites.members where !node.isNull {
            guard let section = node.mapping else {
                throw SitePolicyReader.invalid("sites.\(name)", "should hold settings, indented below it", node)
            }
            policies.sites[name] = try SitePolicyReader.policy(section)
        }
        return policies
    }
}

/// Reads a section of the policy file.
private enum SitePolicyReader: SettingsReader {
    private static let keys = [
        "max_duration", "extension_measured_from", "extension_window", "extension_window_share", "limits",
        "allocations",
        "warning_time", "client_event", "su_rates",
    ]
    /// The keys that say what a rate or limit applies to, and the type of reservation that each implies.
    private static let kinds: [(key: String, type: ResourceType)] = [
        ("node_type", .host), ("flavor", .flavor), ("machine_name", .device), ("resource_type", .host),
    ]

    static func policy(
        _ section: ConfigurationMapping, besides others: [String] = []
    ) throws(CloudConfigurationError) -> SitePolicy {
        try check(section, keys + others)
        return SitePolicy(
            maxDurationSeconds: try longest(section), extensionMeasure: try measure(section),
            extensionWindowSeconds: try seconds(section, "extension_window"),
            extensionWindowShare: try share(section),
            limits: try entries(section, "limits", "{node_type: gpu_a100, max_duration: 3d}", limit),
            allocations: try entries(section, "allocations", "{project: CHI-1, ends: 2027-01-31}", allocation),
            warningSeconds: try seconds(section, "warning_time"),
            sendsClientEvent: try flag(section, "client_event"),
            rates: try entries(section, "su_rates", "{node_type: gpu_a100, su_per_hour: 4}", rate))
    }

    /// What an entry applies to: the type of resource, and the kind within the type; `nil` if it names neither.
    private static func subject(
        _ list: String, _ entry: ConfigurationMapping, _ node: ConfigurationNode
    ) throws(CloudConfigurationError) -> (type: ResourceType, kind: String?)? {
        let subjects = kinds.filter { entry[$0.key] != nil }
        guard subjects.count <= 1 else {
            let names = subjects.map(\.key).joined(separator: " and ")
            throw invalid(list, "has an entry for \(names): give one of them", node)
        }
        guard let subject = subjects.first else { return nil }
        let name = try text(entry, subject.key)
        return subject.key == "resource_type" ? (ResourceType(named: name ?? ""), nil) : (subject.type, name)
    }

    private static func rate(
        _ entry: ConfigurationMapping, _ node: ConfigurationNode
    ) throws(CloudConfigurationError) -> ServiceUnitRate {
        try check(entry, kinds.map(\.key) + ["su_per_hour", "from", "until"])
        var rate = ServiceUnitRate(kind: nil, serviceUnitsPerHour: 0)
        if let subject = try subject("su_rates", entry, node) { (rate.resourceType, rate.kind) = subject }
        guard let amount = try serviceUnits(entry, "su_per_hour") else {
            throw invalid("su_per_hour", "should be a number of service units, 0 or more", node)
        }
        rate.serviceUnitsPerHour = amount
        rate.from = try time(entry, "from")
        rate.until = try time(entry, "until")
        if let from = rate.from, let until = rate.until, until <= from {
            throw invalid("until", "is not after \"from\"", entry["until"])
        }
        return rate
    }

    private static func limit(
        _ entry: ConfigurationMapping, _ node: ConfigurationNode
    ) throws(CloudConfigurationError) -> LeaseLimit {
        let rules = ["max_duration", "extension_window", "extension_window_share"]
        try check(entry, kinds.map(\.key) + ["project", "user"] + rules)
        let subject = try subject("limits", entry, node)
        let limit = LeaseLimit(
            resourceType: subject?.type, kind: subject?.kind, project: try text(entry, "project"),
            user: try text(entry, "user"), maxDurationSeconds: try longest(entry),
            extensionWindowSeconds: try seconds(entry, "extension_window"), extensionWindowShare: try share(entry))
        guard subject != nil || limit.project != nil || limit.user != nil else {
            let names = kinds.map(\.key) + ["project", "user"]
            throw invalid("limits", "has an entry for nothing: give \(names.joined(separator: ", "))", node)
        }
        guard rules.contains(where: { entry[$0].map { !$0.isNull } ?? false }) else {
            throw invalid("limits", "has an entry without a limit: give \(rules.joined(separator: ", "))", node)
        }
        return limit
    }

    private static func allocation(
        _ entry: ConfigurationMapping, _ node: ConfigurationNode
    ) throws(CloudConfigurationError) -> ProjectAllocation {
        try check(entry, ["project", "user", "ends", "su_left", "as_of"])
        guard let project = try text(entry, "project") else {
            throw invalid("allocations", "has an entry without a project", node)
        }
        let allocation = ProjectAllocation(
            project: project, user: try text(entry, "user"), endsAt: try time(entry, "ends"),
            serviceUnitsLeft: try serviceUnits(entry, "su_left"), asOf: try time(entry, "as_of"))
        guard allocation.endsAt != nil || allocation.serviceUnitsLeft != nil else {
            throw invalid("allocations", "has an entry without \"ends\" and \"su_left\"", node)
        }
        return allocation
    }

    // MARK: Values

    /// The longest lease.
    private static func longest(_ section: ConfigurationMapping) throws(CloudConfigurationError) -> Int64? {
        if try text(section, "max_duration") == "unlimited" { return LeaseLimit.unlimited }
        return try seconds(section, "max_duration")
    }

    private static func share(_ section: ConfigurationMapping) throws(CloudConfigurationError) -> WindowShare? {
        let key = "extension_window_share"
        guard let text = try text(section, key) else { return nil }
        guard let share = WindowShare(parsing: text) else {
            throw invalid(key, "should be a share of the longest lease such as 2/7 or 25%", section[key])
        }
        return share
    }

    private static func measure(_ section: ConfigurationMapping) throws(CloudConfigurationError) -> ExtensionMeasure? {
        let key = "extension_measured_from"
        guard let text = try text(section, key) else { return nil }
        guard let measure = ExtensionMeasure(rawValue: text) else {
            let known = ExtensionMeasure.allCases.map(\.rawValue).joined(separator: " or ")
            throw invalid(key, "should be \(known)", section[key])
        }
        return measure
    }

    private static func serviceUnits(
        _ section: ConfigurationMapping, _ key: String
    ) throws(CloudConfigurationError) -> Double? {
        guard let text = try text(section, key) else { return nil }
        guard let amount = Double(text), amount >= 0, amount.isFinite else {
            throw invalid(key, "should be a number of service units, 0 or more", section[key])
        }
        return amount
    }

    private static func time(
        _ section: ConfigurationMapping, _ key: String
    ) throws(CloudConfigurationError) -> Timestamp? {
        guard let text = try text(section, key) else { return nil }
        guard let time = Timestamp(parsing: text) else {
            throw invalid(key, "should be a date such as 2026-01-31", section[key])
        }
        return time
    }
}
