import LeaseModel

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
        package let name: String
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
        if inventory[name] == nil, region == nil, let slash = name.firstIndex(of: "/"),
            inventory[String(name[..<slash])] != nil
        {
            return try inventory.configuration(
                name: String(name[..<slash]), region: String(name[name.index(after: slash)...]), search: search)
        }
        return try inventory.configuration(name: name, region: region, search: search)
    }

    /// The cloud of that name once for each of its regions.
    package func loadRegions(name: String) throws(CloudConfigurationError) -> [CloudConfiguration] {
        try inventory().configurations(name: name, search: search)
    }

    /// The cloud to use if none is named: `OS_CLOUD`, else the environment's, else the only one there is.
    package func loadDefault() throws(CloudConfigurationError) -> CloudConfiguration {
        if let name = search.environment["OS_CLOUD"], !name.isEmpty { return try load(name: name) }
        let inventory = try inventory()
        if let environment = inventory.entries.first(where: { $0.origin == .environment }) {
            return try inventory.configuration(name: environment.name, region: nil, search: search)
        }
        guard let first = inventory.entries.first else { throw noCloud() }
        guard inventory.entries.count == 1 else {
            throw CloudConfigurationError(
                .ambiguousCloud,
                "there are several clouds: name one with --os-cloud or OS_CLOUD: \(inventory.list)")
        }
        return try inventory.configuration(name: first.name, region: nil, search: search)
    }

    /// Every cloud, once for each of its regions.
    package func loadAll() throws(CloudConfigurationError) -> [LoadedCloud] {
        let inventory = try inventory()
        guard !inventory.entries.isEmpty else { throw noCloud() }
        return inventory.names.flatMap { name -> [LoadedCloud] in
            do throws(CloudConfigurationError) {
                return try inventory.regionNames(name: name).map { region in
                    LoadedCloud(
                        name: name,
                        result: Result { () throws(CloudConfigurationError) in
                            try inventory.configuration(name: name, region: region, search: search)
                        })
                }
            } catch {
                return [LoadedCloud(name: name, result: .failure(error))]
            }
        }
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
