import LeaseModel

/// What the command line and the environment say about the one selected cloud. It is put on top of the cloud's entry.
///
/// Options win over everything. From the environment, the project and the domains win, as in openstacksdk since 2023. A
/// password, a token and certificates are used if the entry has none. All other variables are ignored, and a remark
/// says so. If several clouds are selected, neither options nor variables apply to any of them.
struct CloudOverlay: Sendable {
    /// The options, under the names of clouds.yaml, such as `project_name`.
    let options: [String: String]
    let environment: [String: String]

    /// What was changed.
    struct Outcome {
        /// The options and variables that replaced the entry's own settings, for messages: `OS_PROJECT_NAME`,
        /// `--os-project-name`.
        var sources: [String] = []
        /// Remarks for `-v`.
        var remarks: [String] = []
    }

    /// The settings of the environment that win. Within a group, one setting excludes the others: if the environment
    /// names a project by name, the entry's project id does not apply.
    private static let winningGroups: [[String]] = [
        ["project_id", "project_name", "tenant_id", "tenant_name"],
        ["project_domain_id", "project_domain_name"], ["user_domain_id", "user_domain_name"],
        ["domain_id", "domain_name"],
    ]
    private static let groups =
        winningGroups + [["user_id", "username", "user_name"], ["interface", "endpoint_type"]]
    private static let secrets = [
        "password", "application_credential_secret", "token", "access_token", "client_secret", "passcode",
    ]
    private static let certificates = ["cacert", "cert", "key"]

    /// The name of a setting on the command line.
    static func option(_ key: String) -> String { "--os-\(key.replacing("_", with: "-"))" }
    static func variable(_ key: String) -> String { "OS_\(key.uppercased())" }

    /// Applies the options and variables to the settings of a file's entry.
    func apply(to settings: inout ConfigurationMapping, cloud: String) -> Outcome {
        var outcome = Outcome()
        var used: Set<String> = []
        for group in Self.winningGroups {
            let given = group.filter { environment[Self.variable($0)]?.isEmpty == false }
            used.formUnion(given)
            // An option for one setting of the group replaces all of them.
            guard !given.isEmpty, !group.contains(where: { options[$0] != nil }) else { continue }
            replace(group, by: given.map { ($0, environment[Self.variable($0)] ?? "") }, in: &settings)
            outcome.sources += given.map(Self.variable)
        }
        used.formUnion(fillIn(&settings, cloud: cloud))
        applyOptions(to: &settings, &outcome)
        if !outcome.sources.isEmpty {
            outcome.remarks.append(
                "\(outcome.sources.joined(separator: ", ")) \(outcome.sources.count == 1 ? "takes" : "take") the place of "
                    + "what cloud \"\(cloud.escapedForTerminal)\" has in its file")
        }
        let ignored = ignored(used: used)
        if !ignored.isEmpty {
            outcome.remarks.append(
                "ignored, as cloud \"\(cloud.escapedForTerminal)\" is configured by its file: "
                    + ignored.joined(separator: ", "))
        }
        return outcome
    }

    /// Applies the options to any settings, including those of the environment's own cloud.
    func applyOptions(to settings: inout ConfigurationMapping, _ outcome: inout Outcome) {
        for (key, value) in options.sorted(by: { $0.key < $1.key }) {
            let group = Self.groups.first { $0.contains(key) } ?? [key]
            // Several settings of a group may be given. The first must not remove the second.
            let others = group.filter { options[$0] == nil }
            replace(others + [key], by: [(key, value)], in: &settings)
            outcome.sources.append(Self.option(key))
        }
    }

    private func replace(_ keys: [String], by values: [(String, String)], in settings: inout ConfigurationMapping) {
        var auth = settings["auth"]?.mapping ?? ConfigurationMapping()
        for key in keys {
            settings[key] = nil
            auth[key] = nil
        }
        if settings["auth"] != nil { settings["auth"] = ConfigurationNode(value: .mapping(auth)) }
        for (key, value) in values { settings[key] = ConfigurationNode(value: .scalar(value)) }
    }

    /// Fills in secrets from the environment. Many people keep the password out of clouds.yaml and in a variable. The
    /// variables are for this cloud only if `OS_CLOUD` names it and they do not describe a whole cloud themselves.
    private func fillIn(_ settings: inout ConfigurationMapping, cloud: String) -> [String] {
        var used: [String] = []
        let takesSecrets = environment["OS_CLOUD"] == cloud && environment["OS_AUTH_URL"] == nil
        for key in (takesSecrets ? Self.secrets : []) + Self.certificates {
            guard settings[key] == nil, settings["auth"]?.mapping?[key] == nil,
                let value = environment[Self.variable(key)], !value.isEmpty
            else { continue }
            settings[key] = ConfigurationNode(value: .scalar(value))
            used.append(key)
        }
        return used
    }

    /// The variables that describe a cloud and were not used.
    private func ignored(used: Set<String>) -> [String] {
        environment.filter { name, value in
            CloudInventory.isSetting(name) && !value.isEmpty && !CloudInventory.selectors.contains(name)
                && !used.contains(name.dropFirst(3).lowercased())
        }.keys.sorted()
    }
}

/// A cloud's merged settings, read by name.
///
/// A setting may be at the top of the entry or under `auth`. If it is at both, the one at the top wins, as in the SDK.
struct CloudSettings: Sendable {
    let name: String
    let origin: CloudConfiguration.Origin
    let members: ConfigurationMapping

    private var auth: ConfigurationMapping { members["auth"]?.mapping ?? ConfigurationMapping() }

    func node(_ key: String) -> ConfigurationNode? {
        [members[key], auth[key]].lazy.compactMap { $0 }.first { !$0.isNull && $0.scalar != "" }
    }

    /// The value of the first of these names that has one.
    func text(_ keys: String...) throws(CloudConfigurationError) -> String? {
        for key in keys {
            guard let node = node(key) else { continue }
            guard let text = node.scalar else { throw invalid(key, "should be a single value", node) }
            return text
        }
        return nil
    }

    /// The value, or an error that names the setting and where it belongs.
    func required(_ keys: String..., purpose: String? = nil) throws(CloudConfigurationError) -> String {
        for key in keys { if let text = try text(key) { return text } }
        throw missing(keys[0], purpose: purpose)
    }

    /// A yes or no.
    func flag(_ key: String) throws(CloudConfigurationError) -> Bool? {
        guard let text = try text(key) else { return nil }
        guard let flag = ConfigurationNode.flag(text) else {
            throw invalid(key, "should be true or false", node(key))
        }
        return flag
    }

    func missing(_ key: String, purpose: String? = nil) -> CloudConfigurationError {
        let reason = purpose.map { ", which \($0)" } ?? ""
        switch origin {
        case .environment:
            return CloudConfigurationError(
                .missingField,
                "OS_\(key.uppercased()) is not set\(reason): set it, for example by sourcing your project's openrc "
                    + "file, or name a cloud of clouds.yaml with --os-cloud")
        case .file(let path):
            return CloudConfigurationError(
                .missingField,
                "cloud \"\(name.escapedForTerminal)\" in \(path.escapedForTerminal) has no auth.\(key)\(reason): add "
                    + "it there or in secure.yaml")
        }
    }

    func invalid(_ key: String, _ problem: String, _ node: ConfigurationNode? = nil) -> CloudConfigurationError {
        let setting =
            origin == .environment
            ? "OS_\(key.uppercased())" : "\(key) of cloud \"\(name.escapedForTerminal)\""
        return CloudConfigurationError(.invalidValue, "\(setting) \(problem)", at: node?.position)
    }
}

/// The profiles of public clouds that come with openstacksdk: their addresses and regions.
///
/// Source: openstacksdk 4.22.0, `openstack/config/vendors`. Settings that are not used here, such as image formats, are
/// left out.
enum VendorProfiles {
    /// A profile, or the reason why there is none.
    enum Lookup {
        case found(ConfigurationMapping)
        /// The cloud no longer exists.
        case closed
        /// The profile would have to be downloaded.
        case remote
        case unknown
    }

    private static let profiles: [String: (authURL: String, regions: [String])] = [
        "auro": ("https://api.van2.auro.io:5000/v3", ["RegionOne"]),
        "binero": ("https://auth.binero.cloud:5000/v3", ["europe-se-1"]),
        "catalyst": ("https://api.cloud.catalyst.net.nz:5000/v2.0", ["nz-por-1", "nz_wlg_2"]),
        "citycloud": ("https://{region_name}.citycloud.com:5000/v3/", ["Buf1", "Fra1", "Sto2", "Kna1", "dx1", "tky1"]),
        "conoha": ("https://identity.{region_name}.conoha.io", ["sin1", "sjc1", "tyo1"]),
        "dreamcompute": ("https://iad2.dream.io:5000", ["RegionOne"]),
        "elastx": ("https://ops.elastx.cloud:5000/v3", ["se-sto"]),
        "entercloudsuite": ("https://api.entercloudsuite.com/", ["it-mil1", "nl-ams1", "de-fra1"]),
        "fuga": ("https://identity.api.fuga.io:5000", ["cystack"]),
        "limestonenetworks": ("https://auth.cloud.lstn.net:5000/v3", ["us-dfw-1", "us-slc"]),
        "otc": ("https://iam.{region_name}.otc.t-systems.com/v3", ["eu-de", "eu-nl"]),
        "otc-swiss": ("https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3", ["eu-ch2"]),
        "ovh-us": ("https://auth.cloud.ovh.us/", ["US-EAST-VA-1", "US-WEST-OR-1", "US-EAST-VA", "US-WEST-OR"]),
        "rackspace": (
            "https://identity.api.rackspacecloud.com/v2.0/", ["DFW", "HKG", "IAD", "ORD", "SYD", "LON"]
        ),
        "switchcloud": ("https://identity.compute.cloud.switch.ch/v3", ["zhw", "zhc"]),
        "switchengines": ("https://keystone.cloud.switch.ch:5000/v3", ["LS", "ZH"]),
        "zetta": ("https://identity.api.zetta.io/v3", ["no-osl1"]),
    ]
    /// Clouds that, according to openstacksdk, no longer exist.
    private static let closed: Set<String> = ["betacloud", "ibmcloud", "internap", "ultimum", "unitedstack"]
    /// Profiles of openstacksdk that contain only the address of the real profile.
    private static let remote: Set<String> = ["ovh", "vexxhost"]
    /// Clouds whose profiles also name the user's and the project's domain.
    private static let defaultDomains: Set<String> = ["auro", "fuga", "ovh-us"]

    static func profile(_ name: String) -> Lookup {
        if closed.contains(name) { return .closed }
        if remote.contains(name) || name.contains("://") { return .remote }
        guard let (authURL, regions) = profiles[name] else { return .unknown }
        func text(_ value: String) -> ConfigurationNode { ConfigurationNode(value: .scalar(value)) }
        var auth = ConfigurationMapping()
        auth["auth_url"] = text(authURL)
        if defaultDomains.contains(name) {
            auth["user_domain_name"] = text("Default")
            auth["project_domain_name"] = text("Default")
        }
        var profile = ConfigurationMapping()
        profile["auth"] = ConfigurationNode(value: .mapping(auth))
        profile["regions"] = ConfigurationNode(value: .sequence(regions.map(text)))
        return .found(profile)
    }
}
