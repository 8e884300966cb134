import LeaseModel

/// What the files and the environment hold, before any of it is judged.
struct CloudInventory: Sendable {
    struct Entry: Sendable {
        let name: String
        let settings: ConfigurationMapping
        let origin: CloudConfiguration.Origin
    }

    private(set) var entries: [Entry] = []
    private let profiles: ConfigurationMapping
    private let profileFile: String?
    /// Added to the error about a cloud that is not there.
    private let remark: String

    init(
        clouds: ConfigurationFile?, secure: ConfigurationFile?, profiles: ConfigurationFile?,
        environment: [String: String], remark: String
    ) throws(CloudConfigurationError) {
        let visible = try clouds?.section("clouds") ?? ConfigurationMapping()
        let hidden = try secure?.section("clouds") ?? ConfigurationMapping()
        for (name, node) in visible.merging(hidden).members {
            let path = (visible[name] == nil ? secure?.path : clouds?.path) ?? ""
            entries.append(
                Entry(
                    name: name, settings: (node.mapping ?? ConfigurationMapping()).normalized, origin: .file(path)))
        }
        self.profiles = try profiles?.section("public-clouds") ?? ConfigurationMapping()
        profileFile = profiles?.path
        self.remark = remark
        try addEnvironment(environment)
    }

    var names: [String] { entries.map(\.name) }
    var list: String { names.map(\.escapedForTerminal).joined(separator: ", ") }

    subscript(name: String) -> Entry? { entries.first { $0.name == name } }

    /// Which variables select or steer, and so make no cloud of their own. The SDK leaves the test tools' out too.
    private static let selectors: Set<String> = [
        "OS_CLOUD", "OS_REGION_NAME", "OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE", "OS_CLIENT_VENDOR_FILE",
        "OS_CLOUD_NAME",
    ]

    private mutating func addEnvironment(_ environment: [String: String]) throws(CloudConfigurationError) {
        let variables = environment.filter { name, value in
            name.hasPrefix("OS_") && !value.isEmpty
                && !["OS_TEST", "OS_STD", "OS_LOG"].contains(where: name.hasPrefix)
        }
        let isCloud = variables["OS_AUTH_URL"] != nil || entries.isEmpty
        guard isCloud, !Set(variables.keys).subtracting(Self.selectors).isEmpty else { return }
        let name = variables["OS_CLOUD_NAME"] ?? "envvars"
        guard self[name] == nil else {
            throw CloudConfigurationError(
                .ambiguousCloud,
                "a file has a cloud named \"\(name.escapedForTerminal)\", which is also the name of the cloud in the "
                    + "OS_* variables: rename it, or set OS_CLOUD_NAME to another name")
        }
        let settings = variables.sorted { $0.key < $1.key }.reduce(into: ConfigurationMapping()) { result, variable in
            guard !["OS_CLOUD", "OS_CLOUD_NAME"].contains(variable.key) else { return }
            result[String(variable.key.dropFirst(3)).lowercased()] = ConfigurationNode(value: .scalar(variable.value))
        }
        entries.append(Entry(name: name, settings: settings, origin: .environment))
    }
}

// MARK: - One cloud

extension CloudInventory {
    /// One region of a cloud, and what is different there.
    private struct Region {
        let name: String
        let values: ConfigurationMapping
    }

    private func entry(_ name: String) throws(CloudConfigurationError) -> Entry {
        if let entry = self[name] { return entry }
        let shown = name.escapedForTerminal
        guard !entries.isEmpty else {
            throw CloudConfigurationError(
                .unknownCloud,
                "there is no cloud \"\(shown)\", and no other: no clouds.yaml was found and no OS_AUTH_URL is set"
                    + remark)
        }
        let suggestion = Suggestion.nearest(to: name, in: names).map {
            " (did you mean \"\($0.escapedForTerminal)\"?)"
        }
        throw CloudConfigurationError(
            .unknownCloud, "there is no cloud \"\(shown)\"\(suggestion ?? ""): the known ones are \(list)\(remark)")
    }

    /// The entry over its profile.
    private func settings(_ entry: Entry) throws(CloudConfigurationError) -> ConfigurationMapping {
        guard let node = entry.settings["profile"] ?? entry.settings["cloud"], let profile = node.scalar,
            entry.origin != .environment
        else { return entry.settings }
        if let base = profiles[profile]?.mapping { return base.normalized.updating(entry.settings) }
        // A profile that only adds defaults may be missing; one that had the address may not.
        guard entry.settings["auth"]?.mapping?["auth_url"] == nil else { return entry.settings }
        throw CloudConfigurationError(
            .missingField,
            "cloud \"\(entry.name.escapedForTerminal)\" uses the profile \"\(profile.escapedForTerminal)\", which "
                + (profileFile.map { "is not in \($0.escapedForTerminal)" } ?? "needs a clouds-public.yaml")
                + ": add it there under public-clouds, or give the cloud its own auth.auth_url",
            at: node.position)
    }

    private func regions(_ settings: ConfigurationMapping) throws(CloudConfigurationError) -> [Region] {
        if let node = settings["regions"], !node.isNull {
            var regions: [Region] = []
            for item in node.sequence ?? [node] {
                guard let name = item.scalar ?? item.mapping?["name"]?.scalar else {
                    throw CloudConfigurationError(
                        .invalidValue, "a region should be a name, or hold \"name\" and \"values\"", at: item.position)
                }
                regions.append(Region(name: name, values: item.mapping?["values"]?.mapping ?? ConfigurationMapping()))
            }
            return regions
        }
        guard let node = settings["region_name"] else { return [] }
        let names = node.sequence?.compactMap(\.scalar) ?? (node.scalar ?? "").split(separator: ",").map(String.init)
        return names.filter { !$0.isEmpty }.map { Region(name: $0, values: ConfigurationMapping()) }
    }

    /// What an entry's name stands for: each of its regions, or the one that `OS_REGION_NAME` picks.
    func references(
        entry name: String, search: ConfigurationSearch
    ) throws(CloudConfigurationError) -> [CloudReference] {
        let entry = try entry(name)
        let known = try regions(try settings(entry))
        guard known.count > 1 else { return [CloudReference(entry: name)] }
        if let selected = try selectedRegion(of: entry, known: known, search: search) {
            return [CloudReference(entry: name, region: selected.name)]
        }
        return known.map { CloudReference(entry: name, region: $0.name) }
    }

    /// The cloud that a reference stands for; without a region the one that `OS_REGION_NAME` picks, or the first.
    func configuration(
        _ reference: CloudReference, search: ConfigurationSearch
    ) throws(CloudConfigurationError) -> CloudConfiguration {
        let entry = try entry(reference.entry)
        var settings = try settings(entry)
        let known = try regions(settings)
        var region = known.first
        if let wanted = reference.region {
            region = try self.region(wanted, of: entry, known: known)
        } else if let selected = try selectedRegion(of: entry, known: known, search: search) {
            region = selected
        }
        settings["regions"] = nil
        if let region { settings = settings.updating(region.values.normalized) }
        settings["region_name"] = region.map { ConfigurationNode(value: .scalar($0.name)) }
        addSecrets(of: search.environment, to: &settings, cloud: entry.name)
        let isChoice = known.count > 1 || reference.region != nil
        return try CloudConfigurationBuilder(
            reference: CloudReference(entry: entry.name, region: isChoice ? region?.name : nil), origin: entry.origin,
            settings: settings, search: search
        ).build()
    }

    /// The OpenStack client takes `OS_REGION_NAME` as `--os-region-name`. It must not send a cloud that does not have
    /// the region, such as the second of two named ones, to a place that is not there.
    private func selectedRegion(
        of entry: Entry, known: [Region], search: ConfigurationSearch
    ) throws(CloudConfigurationError) -> Region? {
        guard entry.origin != .environment, let selected = search.environment["OS_REGION_NAME"], !selected.isEmpty,
            search.environment["OS_CLOUD"] == entry.name || known.contains(where: { $0.name == selected })
        else { return nil }
        return try region(selected, of: entry, known: known)
    }

    private func region(_ name: String, of entry: Entry, known: [Region]) throws(CloudConfigurationError) -> Region {
        guard !known.isEmpty else { return Region(name: name, values: ConfigurationMapping()) }
        if let region = known.first(where: { $0.name == name }) { return region }
        let list = known.map(\.name.escapedForTerminal).joined(separator: ", ")
        throw CloudConfigurationError(
            .unknownRegion,
            "cloud \"\(entry.name.escapedForTerminal)\" has no region \"\(name.escapedForTerminal)\": it has \(list)")
    }

    /// A clouds.yaml without the password, and the password in the environment, is how many keep it off the disk. The
    /// variables are for that cloud only if `OS_CLOUD` names it and they do not describe a whole cloud themselves.
    private func addSecrets(
        of environment: [String: String], to settings: inout ConfigurationMapping, cloud: String
    ) {
        guard environment["OS_CLOUD"] == cloud, environment["OS_AUTH_URL"] == nil else { return }
        for key in ["password", "application_credential_secret", "token", "access_token", "client_secret"] {
            guard settings[key] == nil, settings["auth"]?.mapping?[key] == nil,
                let value = environment["OS_\(key.uppercased())"], !value.isEmpty
            else { continue }
            settings[key] = ConfigurationNode(value: .scalar(value))
        }
    }
}
