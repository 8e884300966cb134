package import LeaseModel

/// Finds the clouds a user has configured, by the files and environment variables of OpenStack's own clients.
///
/// Source: openstacksdk, `openstack/config/loader.py`. It differs where that serves a person: a broken file is an error
/// and not skipped, and the environment counts as a cloud only if it has an `OS_AUTH_URL` or no file has a cloud.
package struct CloudConfigurationLoader: Sendable {
    let search: ConfigurationSearch

    /// Looks with these surroundings; nothing is read yet, and every call below reads anew.
    ///
    /// - Parameters:
    ///   - environment: The environment variables.
    ///   - homeDirectory: The user's home folder, absolute.
    ///   - currentDirectory: The current folder, absolute.
    ///   - siteDirectories: The computer's own folders, last in the search.
    package init(
        environment: [String: String], homeDirectory: String, currentDirectory: String,
        siteDirectories: [String] = ["/etc/xdg/openstack", "/etc/openstack"]
    ) {
        search = ConfigurationSearch(
            environment: environment, homeDirectory: homeDirectory, currentDirectory: currentDirectory,
            siteDirectories: siteDirectories)
    }

    /// The result of one cloud, so that a faulty entry does not hide the others.
    package struct LoadedCloud: Sendable {
        package let reference: CloudReference
        package let result: Result<CloudConfiguration, CloudConfigurationError>
    }

    /// The names of all clouds found, in the order of the file, the environment's last.
    package func names() throws(CloudConfigurationError) -> [String] { try inventory().names }

    /// The cloud of that name: an entry of clouds.yaml, `NAME/REGION` for one of its regions, or `envvars`.
    ///
    /// The region is the one given; else, for the cloud that `OS_CLOUD` names or that lists it, `OS_REGION_NAME`; else
    /// the first of the cloud's `regions`, its `region_name`, or that of its profile.
    package func load(name: String, region: String? = nil) throws(CloudConfigurationError) -> CloudConfiguration {
        let inventory = try inventory()
        let reference = region.map { CloudReference(entry: name, region: $0) } ?? Self.reference(name, in: inventory)
        return try inventory.configuration(reference, search: search)
    }

    /// The cloud to use if none is named: `OS_CLOUD`, else the environment's, else the only one there is.
    package func loadDefault() throws(CloudConfigurationError) -> CloudConfiguration {
        let inventory = try inventory()
        return try inventory.configuration(
            Self.reference(try standardName(inventory), in: inventory), search: search)
    }

    /// The clouds of a selection, once for each region. A faulty entry is a result of its own and hides no other.
    ///
    /// - Throws: ``CloudConfigurationError`` if the files cannot be read, or if it cannot be told which cloud is meant.
    package func load(_ clouds: Clouds) throws(CloudConfigurationError) -> [LoadedCloud] {
        let inventory = try inventory()
        let names: [String]
        switch clouds {
        case .standard: names = [try standardName(inventory)]
        case .named(let given): names = given
        case .all:
            guard !inventory.entries.isEmpty else { throw noCloud() }
            names = inventory.names
        }
        var seen: Set<CloudReference> = []
        return names.flatMap { name -> [LoadedCloud] in
            let reference = Self.reference(name, in: inventory)
            do throws(CloudConfigurationError) {
                guard reference.region == nil else { return [load(reference, inventory)] }
                return try inventory.references(entry: name, search: search).map { load($0, inventory) }
            } catch {
                return [LoadedCloud(reference: reference, result: .failure(error))]
            }
        }.filter { seen.insert($0.reference).inserted }
    }

    private func load(_ reference: CloudReference, _ inventory: CloudInventory) -> LoadedCloud {
        LoadedCloud(
            reference: reference,
            result: Result { () throws(CloudConfigurationError) in
                try inventory.configuration(reference, search: search)
            })
    }

    /// What a person's text stands for: an entry, or `ENTRY/REGION`.
    private static func reference(_ text: String, in inventory: CloudInventory) -> CloudReference {
        guard inventory[text] == nil, let slash = text.firstIndex(of: "/"),
            inventory[String(text[..<slash])] != nil
        else { return CloudReference(entry: text) }
        return CloudReference(entry: String(text[..<slash]), region: String(text[text.index(after: slash)...]))
    }

    private func standardName(_ inventory: CloudInventory) throws(CloudConfigurationError) -> String {
        if let name = search.environment["OS_CLOUD"], !name.isEmpty { return name }
        if let environment = inventory.entries.first(where: { $0.origin == .environment }) { return environment.name }
        guard let first = inventory.entries.first else { throw noCloud() }
        guard inventory.entries.count == 1 else {
            throw CloudConfigurationError(
                .ambiguousCloud,
                "there are several clouds: name one with --os-cloud or OS_CLOUD: \(inventory.list)")
        }
        return first.name
    }

    /// A cloud that no file has: its settings are given by the names that they have in clouds.yaml.
    package func load(name: String, settings: [String: String]) throws(CloudConfigurationError) -> CloudConfiguration {
        let members = settings.sorted { $0.key < $1.key }.reduce(into: ConfigurationMapping()) {
            $0[$1.key] = ConfigurationNode(value: .scalar($1.value))
        }
        return try CloudConfigurationBuilder(
            reference: CloudReference(entry: name), origin: .environment, settings: members, search: search
        ).build()
    }

    private func noCloud() -> CloudConfigurationError {
        let folders = search.directories.map(\.escapedForTerminal).joined(separator: ", ")
        return CloudConfigurationError(
            .noCloud,
            "no cloud is configured: put a clouds.yaml in one of \(folders), or set OS_AUTH_URL and the other OS_* "
                + "variables, for example by sourcing your project's openrc file\(search.remark)")
    }

    private func inventory() throws(CloudConfigurationError) -> CloudInventory {
        let clouds = try search.find(.clouds)
        let secure = try search.find(.secure)
        let profiles = try search.find(.publicClouds)
        return try CloudInventory(
            clouds: clouds, secure: secure, profiles: profiles, environment: search.environment, remark: search.remark)
    }
}
