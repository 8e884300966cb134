package import LeaseModel

/// Finds the clouds that a user has configured, in the files and environment variables of OpenStack's own clients.
///
/// Source: openstacksdk, `openstack/config/loader.py`. There are two differences, to help people: a broken file is an
/// error instead of being skipped, and the environment counts as a cloud only if it has an `OS_AUTH_URL` or no file has
/// a cloud.
package struct CloudConfigurationLoader: Sendable {
    let search: ConfigurationSearch
    private let options: [String: String]

    /// Makes a loader. Nothing is read yet; each call below reads the files again.
    ///
    /// - Parameters:
    ///   - environment: The environment variables.
    ///   - homeDirectory: The user's home folder, absolute.
    ///   - currentDirectory: The current folder, absolute.
    ///   - siteDirectories: The computer's own configuration folders, which are searched last.
    ///   - options: What the command line says about the selected cloud, under the names of clouds.yaml.
    package init(
        environment: [String: String], homeDirectory: String, currentDirectory: String,
        siteDirectories: [String] = ["/etc/xdg/openstack", "/etc/openstack"], options: [String: String] = [:]
    ) {
        self.options = options
        search = ConfigurationSearch(
            environment: environment, homeDirectory: homeDirectory, currentDirectory: currentDirectory,
            siteDirectories: siteDirectories)
    }

    /// The result for one cloud. Each cloud has its own, so that a faulty entry does not hide the others.
    package struct LoadedCloud: Sendable {
        package let reference: CloudReference
        package let result: Result<CloudConfiguration, CloudConfigurationError>
    }

    /// The names of all clouds, in the order of the file; the environment's cloud is last.
    ///
    /// - Throws: ``CloudConfigurationError`` if the files cannot be read.
    package func names() throws(CloudConfigurationError) -> [String] {
        let inventory = inventory()
        if let fault = inventory.fault { throw fault }
        return inventory.names
    }

    private var overlay: CloudOverlay { CloudOverlay(options: options, environment: search.environment) }

    /// Loads the cloud with this name: an entry of clouds.yaml, `NAME/REGION` for one of its regions, or `envvars`.
    ///
    /// The region is the given one. Otherwise it is `OS_REGION_NAME`, for the cloud that `OS_CLOUD` names or that lists
    /// this region. Otherwise it is the first of the cloud's `regions`, its `region_name`, or that of its profile.
    package func load(name: String, region: String? = nil) throws(CloudConfigurationError) -> CloudConfiguration {
        let inventory = inventory()
        let reference = region.map { CloudReference(entry: name, region: $0) } ?? Self.reference(name, in: inventory)
        return try inventory.configuration(reference, search: search, overlay: overlay)
    }

    /// The cloud to use if none is named: `OS_CLOUD`, otherwise the environment's, otherwise the only one there is.
    package func loadDefault() throws(CloudConfigurationError) -> CloudConfiguration {
        let inventory = inventory()
        return try inventory.configuration(
            Self.reference(try standardName(inventory), in: inventory), search: search, overlay: overlay)
    }

    /// Loads the selected clouds, once for each region. A faulty entry has a result of its own and hides no other.
    ///
    /// - Throws: ``CloudConfigurationError`` if the files cannot be read, or if it is not clear which cloud is meant.
    package func load(_ clouds: Clouds) throws(CloudConfigurationError) -> [LoadedCloud] {
        let inventory = inventory()
        let names: [String]
        var overlay: CloudOverlay?
        var faults: [LoadedCloud] = []
        switch clouds {
        case .standard:
            names = [try standardName(inventory)]
            overlay = self.overlay
        case .named(let given):
            names = given
            if Set(given).count == 1 { overlay = self.overlay }
        case .all:
            guard !inventory.entries.isEmpty else { throw inventory.fault ?? noCloud() }
            names = inventory.names
            if let fault = inventory.fault {
                let file = fault.position?.file ?? "clouds.yaml"
                faults = [LoadedCloud(reference: CloudReference(entry: file), result: .failure(fault))]
            }
        }
        var seen: Set<CloudReference> = []
        return faults
            + names.flatMap { name -> [LoadedCloud] in
                let reference = Self.reference(name, in: inventory)
                do throws(CloudConfigurationError) {
                    let isOne = reference.region != nil || overlay?.options["region_name"] != nil
                    guard !isOne else { return [load(reference, inventory, overlay)] }
                    return try inventory.references(entry: name, search: search).map { load($0, inventory, overlay) }
                } catch {
                    return [LoadedCloud(reference: reference, result: .failure(error))]
                }
            }.filter { seen.insert($0.reference).inserted }
    }

    private func load(_ reference: CloudReference, _ inventory: CloudInventory, _ overlay: CloudOverlay?) -> LoadedCloud
    {
        do throws(CloudConfigurationError) {
            let cloud = try inventory.configuration(reference, search: search, overlay: overlay)
            return LoadedCloud(reference: cloud.reference, result: .success(cloud))
        } catch {
            return LoadedCloud(reference: reference, result: .failure(error))
        }
    }

    /// The cloud that the text names: an entry, or `ENTRY/REGION`.
    private static func reference(_ text: String, in inventory: CloudInventory) -> CloudReference {
        guard inventory[text] == nil, let slash = text.firstIndex(of: "/"),
            inventory[String(text[..<slash])] != nil
        else { return CloudReference(entry: text) }
        return CloudReference(entry: String(text[..<slash]), region: String(text[text.index(after: slash)...]))
    }

    private func standardName(_ inventory: CloudInventory) throws(CloudConfigurationError) -> String {
        if let name = search.environment["OS_CLOUD"], !name.isEmpty { return name }
        if let environment = inventory.entries.first(where: { $0.origin == .environment }) { return environment.name }
        if let fault = inventory.fault { throw fault }
        guard let first = inventory.entries.first else { throw noCloud() }
        guard inventory.entries.count == 1 else {
            throw CloudConfigurationError(
                .ambiguousCloud,
                "there are several clouds: name one with --os-cloud or OS_CLOUD: \(inventory.list)")
        }
        return first.name
    }

    /// Loads a cloud that is in no file. Its settings are given under their names in clouds.yaml.
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

    private func inventory() -> CloudInventory { CloudInventory(search, options: options) }
}
