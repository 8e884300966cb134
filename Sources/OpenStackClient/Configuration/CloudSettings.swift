import LeaseModel

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
