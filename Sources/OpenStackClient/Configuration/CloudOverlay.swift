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
