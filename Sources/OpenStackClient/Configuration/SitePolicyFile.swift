package import LeaseModel
import LocalFiles

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
        let data: [UInt8]
        do {
            data = try ConfigurationSearch.bytes(of: path)
        } catch {
            throw CloudConfigurationError(
                .brokenFile,
                "the policy file cannot be read (\(error.clause)): see its permissions, or LEASEHOLD_POLICY",
                at: ConfigurationPosition(file: path, line: nil, column: nil))
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw CloudConfigurationError(
                .brokenFile, "not UTF-8 text: save it as UTF-8",
                at: ConfigurationPosition(file: path, line: nil, column: nil))
        }
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
private enum SitePolicyReader {
    private static let keys = ["max_duration", "extension_window", "warning_time", "client_event", "su_rates"]
    /// The keys that say what a rate applies to, and the type of reservation that each implies.
    private static let kinds: [(key: String, type: ResourceType)] = [
        ("node_type", .host), ("flavor", .flavor), ("machine_name", .device), ("resource_type", .host),
    ]

    static func policy(
        _ section: ConfigurationMapping, besides others: [String] = []
    ) throws(CloudConfigurationError) -> SitePolicy {
        try check(section, keys + others)
        return SitePolicy(
            maxDurationSeconds: try seconds(section, "max_duration"),
            extensionWindowSeconds: try seconds(section, "extension_window"),
            warningSeconds: try seconds(section, "warning_time"),
            sendsClientEvent: try flag(section, "client_event"), rates: try rates(section))
    }

    private static func check(
        _ section: ConfigurationMapping, _ known: [String]
    ) throws(CloudConfigurationError) {
        for (key, node) in section.members where !known.contains(key) {
            let suggestion = Suggestion.nearest(to: key, in: known).map { "; did you mean \"\($0)\"?" } ?? "."
            throw invalid(key, "is not a known setting\(suggestion) Known: \(known.joined(separator: ", "))", node)
        }
    }

    private static func rates(_ section: ConfigurationMapping) throws(CloudConfigurationError) -> [ServiceUnitRate] {
        guard let node = section["su_rates"], !node.isNull else { return [] }
        guard let entries = node.sequence else {
            throw invalid("su_rates", "should be a list, each entry with a dash before it", node)
        }
        var rates: [ServiceUnitRate] = []
        for entry in entries { rates.append(try rate(entry)) }
        return rates
    }

    private static func rate(_ node: ConfigurationNode) throws(CloudConfigurationError) -> ServiceUnitRate {
        guard let entry = node.mapping else {
            throw invalid("su_rates", "should hold entries such as {node_type: gpu_a100, su_per_hour: 4}", node)
        }
        try check(entry, kinds.map(\.key) + ["su_per_hour", "from", "until"])
        let subjects = kinds.filter { entry[$0.key] != nil }
        guard subjects.count <= 1 else {
            let names = subjects.map(\.key).joined(separator: " and ")
            throw invalid("su_rates", "has an entry for \(names): give one of them", node)
        }
        var rate = ServiceUnitRate(kind: nil, serviceUnitsPerHour: 0)
        if let subject = subjects.first {
            let name = try text(entry, subject.key)
            if subject.key == "resource_type" {
                rate.resourceType = ResourceType(named: name ?? "")
            } else {
                rate.resourceType = subject.type
                rate.kind = name
            }
        }
        guard let amount = try text(entry, "su_per_hour").flatMap(Double.init), amount >= 0, amount.isFinite else {
            throw invalid("su_per_hour", "should be a number of service units, 0 or more", entry["su_per_hour"] ?? node)
        }
        rate.serviceUnitsPerHour = amount
        rate.from = try time(entry, "from")
        rate.until = try time(entry, "until")
        if let from = rate.from, let until = rate.until, until <= from {
            throw invalid("until", "is not after \"from\"", entry["until"])
        }
        return rate
    }

    // MARK: Values

    private static func text(_ section: ConfigurationMapping, _ key: String) throws(CloudConfigurationError) -> String?
    {
        guard let node = section[key], !node.isNull else { return nil }
        guard let text = node.scalar else { throw invalid(key, "should be a single value", node) }
        return text
    }

    private static func seconds(
        _ section: ConfigurationMapping, _ key: String
    ) throws(CloudConfigurationError) -> Int64? {
        guard let text = try text(section, key) else { return nil }
        guard let seconds = DurationText.seconds(in: text) else {
            throw invalid(key, "should be a length of time such as 7d or 48h", section[key])
        }
        return seconds
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

    private static func flag(_ section: ConfigurationMapping, _ key: String) throws(CloudConfigurationError) -> Bool? {
        guard let text = try text(section, key) else { return nil }
        guard let flag = ConfigurationNode.flag(text) else {
            throw invalid(key, "should be true or false", section[key])
        }
        return flag
    }

    static func invalid(_ key: String, _ problem: String, _ node: ConfigurationNode?) -> CloudConfigurationError {
        CloudConfigurationError(.invalidValue, "\"\(key.escapedForTerminal)\" \(problem)", at: node?.position)
    }
}
