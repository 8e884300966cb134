import LeaseModel

/// The contents of the files and the environment, not yet checked.
struct CloudInventory: Sendable {
    struct Entry: Sendable {
        let name: String
        let settings: ConfigurationMapping
        let origin: CloudConfiguration.Origin
        /// A problem that makes the entry unusable in every case.
        var fault: CloudConfigurationError?
    }

    private(set) var entries: [Entry] = []
    /// Why the files cannot be read. In that case the inventory has only the environment's cloud, if that is complete
    /// by itself.
    let fault: CloudConfigurationError?
    private let profiles: ConfigurationMapping
    private let profileFile: String?
    private let profileFault: CloudConfigurationError?
    /// A remark that is added to the error about an unknown cloud.
    private let remark: String

    /// Reads the files of a search. This never fails: a problem is reported when the faulty part is used.
    init(_ search: ConfigurationSearch, options: [String: String]) {
        remark = search.remark
        do throws(CloudConfigurationError) {
            let profiles = try search.find(.publicClouds)
            self.profiles = try profiles?.section("public-clouds") ?? ConfigurationMapping()
            profileFile = profiles?.path
            profileFault = nil
        } catch {
            (profiles, profileFile, profileFault) = (ConfigurationMapping(), nil, error)
        }
        do throws(CloudConfigurationError) {
            entries = try Self.entries(clouds: try search.find(.clouds), secure: try search.find(.secure))
            fault = nil
        } catch {
            fault = error
        }
        addEnvironment(search.environment, options)
    }

    private static func entries(
        clouds: ConfigurationFile?, secure: ConfigurationFile?
    ) throws(CloudConfigurationError) -> [Entry] {
        let visible = try clouds?.section("clouds") ?? ConfigurationMapping()
        let hidden = try secure?.section("clouds") ?? ConfigurationMapping()
        return visible.merging(hidden).members.map { name, node in
            let path = (visible[name] == nil ? secure?.path : clouds?.path) ?? ""
            var entry = Entry(
                name: name, settings: (node.mapping ?? ConfigurationMapping()).normalized, origin: .file(path))
            if node.mapping == nil, !node.isNull {
                entry.fault = CloudConfigurationError(
                    .brokenFile, "\"\(name.escapedForTerminal)\" should hold a cloud's settings, indented below it",
                    at: node.position)
            }
            return entry
        }
    }

    var names: [String] { entries.map(\.name) }
    var list: String { names.map(\.escapedForTerminal).joined(separator: ", ") }

    subscript(name: String) -> Entry? { entries.first { $0.name == name } }

    /// Variables that only select a cloud or control the client, and so do not define a cloud. Like the SDK, this
    /// leaves out the variables of the test tools.
    static let selectors: Set<String> = [
        "OS_CLOUD", "OS_REGION_NAME", "OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE", "OS_CLIENT_VENDOR_FILE",
        "OS_CLOUD_NAME",
    ]

    /// Whether a variable describes a cloud. Like the SDK, this leaves out the variables of the test tools.
    static func isSetting(_ variable: String) -> Bool {
        variable.hasPrefix("OS_") && !["OS_TEST", "OS_STD", "OS_LOG"].contains(where: variable.hasPrefix)
    }

    private mutating func addEnvironment(_ environment: [String: String], _ options: [String: String]) {
        var variables = environment.filter { name, value in Self.isSetting(name) && !value.isEmpty }
        let isCloud =
            variables["OS_AUTH_URL"] != nil || options["auth_url"] != nil || (entries.isEmpty && fault == nil)
        // The options are applied later, when the cloud is used.
        for (key, value) in options { variables[CloudOverlay.variable(key)] = value }
        guard isCloud, !Set(variables.keys).subtracting(Self.selectors).isEmpty else { return }
        let name = variables["OS_CLOUD_NAME"] ?? "envvars"
        if let index = entries.firstIndex(where: { $0.name == name }) {
            entries[index].fault = CloudConfigurationError(
                .ambiguousCloud,
                "a file has a cloud named \"\(name.escapedForTerminal)\", which is also the name of the cloud in the "
                    + "OS_* variables: rename it, or set OS_CLOUD_NAME to another name")
            return
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
    /// One region of a cloud, and the settings that are different there.
    private struct Region {
        let name: String
        let values: ConfigurationMapping
    }

    private func entry(_ name: String) throws(CloudConfigurationError) -> Entry {
        if let entry = self[name] {
            if let fault = entry.fault { throw fault }
            return entry
        }
        if let fault { throw fault }
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

    /// The entry's settings, on top of its profile's.
    private func settings(_ entry: Entry) throws(CloudConfigurationError) -> ConfigurationMapping {
        guard let node = entry.settings["profile"] ?? entry.settings["cloud"], let profile = node.scalar,
            entry.origin != .environment
        else { return entry.settings }
        if let base = profiles[profile]?.mapping { return Self.laying(entry.settings, over: base.normalized) }
        // A profile that only adds defaults may be missing, but one with the address may not.
        let needsProfile = entry.settings["auth"]?.mapping?["auth_url"] == nil
        func problem(_ what: String) -> CloudConfigurationError {
            CloudConfigurationError(
                .missingField,
                "cloud \"\(entry.name.escapedForTerminal)\" uses the profile \"\(DisplayURL.text(profile))\", which "
                    + what, at: node.position)
        }
        if needsProfile, let profileFault { throw profileFault }
        switch VendorProfiles.profile(profile) {
        case .found(let base): return Self.laying(entry.settings, over: base)
        case .unknown where needsProfile:
            throw problem(
                (profileFile.map { "is not in \($0.escapedForTerminal)" } ?? "needs a clouds-public.yaml")
                    + ": add it there under public-clouds, or give the cloud its own auth.auth_url")
        case .remote where needsProfile:
            throw problem("would have to be fetched from a web address: give the cloud its own auth.auth_url")
        case .closed: throw problem("is of a cloud that no longer exists: remove the entry")
        case .unknown, .remote: return entry.settings
        }
    }

    /// Puts an entry's settings on top of its profile's. The entry's own regions, in either form, replace the
    /// profile's.
    private static func laying(
        _ entry: ConfigurationMapping, over profile: ConfigurationMapping
    ) -> ConfigurationMapping {
        var base = profile
        if ["regions", "region_name"].contains(where: { entry[$0]?.isNull == false }) {
            base["regions"] = nil
            base["region_name"] = nil
        }
        return base.updating(entry)
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

    /// What an entry's name stands for: all of its regions, or the one that `OS_REGION_NAME` selects.
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

    /// The configuration of a cloud. If the reference has no region, it is the one that `OS_REGION_NAME` selects, or
    /// the first.
    ///
    /// - Parameters:
    ///   - reference: the cloud.
    ///   - search: the environment and the folders.
    ///   - overlay: what the command line and the environment say about the cloud; `nil` if several clouds are
    ///     selected.
    /// - Returns: the configuration, complete and checked.
    /// - Throws: ``CloudConfigurationError``
    func configuration(
        _ reference: CloudReference, search: ConfigurationSearch, overlay: CloudOverlay?
    ) throws(CloudConfigurationError) -> CloudConfiguration {
        let entry = try entry(reference.entry)
        guard entry.origin == .environment, let fault else {
            return try configuration(entry, reference, search: search, overlay: overlay)
        }
        // If the variables are complete, the file is not needed.
        guard var cloud = try? configuration(entry, reference, search: search, overlay: overlay) else { throw fault }
        cloud.warnings.append("\(fault.message); the OS_* variables are used")
        return cloud
    }

    private func configuration(
        _ entry: Entry, _ reference: CloudReference, search: ConfigurationSearch, overlay: CloudOverlay?
    ) throws(CloudConfigurationError) -> CloudConfiguration {
        var settings = try settings(entry)
        let known = try regions(settings)
        var region = known.first
        if let wanted = reference.region ?? overlay?.options["region_name"] {
            region = try self.region(wanted, of: entry, known: known)
        } else if let selected = try selectedRegion(of: entry, known: known, search: search) {
            region = selected
        }
        settings["regions"] = nil
        if let region { settings = settings.updating(region.values.normalized) }
        settings["region_name"] = region.map { ConfigurationNode(value: .scalar($0.name)) }
        var outcome = CloudOverlay.Outcome()
        if let overlay {
            if entry.origin == .environment {
                overlay.applyOptions(to: &settings, &outcome)
            } else {
                outcome = overlay.apply(to: &settings, cloud: entry.name)
            }
        }
        if entry.origin != .environment, let wish = search.environment["OS_REGION_NAME"], !wish.isEmpty,
            region?.name != wish
        {
            outcome.remarks.append(
                "ignored: OS_REGION_NAME, which names no region of cloud \"\(entry.name.escapedForTerminal)\"")
        }
        let isChoice = known.count > 1 || reference.region != nil
        var cloud = try CloudConfigurationBuilder(
            reference: CloudReference(entry: entry.name, region: isChoice ? region?.name : nil), origin: entry.origin,
            settings: settings, search: search
        ).build()
        cloud.overriddenBy = outcome.sources
        cloud.remarks = outcome.remarks
        return cloud
    }

    /// The region that `OS_REGION_NAME` selects. The OpenStack client treats the variable as `--os-region-name`. A
    /// cloud without this region, such as the second of two named ones, must not be sent to a region that it does not
    /// have.
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
}
