/// A value of a configuration file. Scalars keep their spelling, so `password: 0123` stays `0123`.
struct ConfigurationNode: Sendable {
    enum Value: Sendable {
        case null
        case scalar(String)
        case sequence([ConfigurationNode])
        case mapping(ConfigurationMapping)
    }

    var value: Value
    var position: ConfigurationPosition?

    var scalar: String? { if case .scalar(let text) = value { text } else { nil } }
    var sequence: [ConfigurationNode]? { if case .sequence(let nodes) = value { nodes } else { nil } }
    var mapping: ConfigurationMapping? { if case .mapping(let mapping) = value { mapping } else { nil } }
    var isNull: Bool { if case .null = value { true } else { false } }

    /// A yes or no, in any of the spellings of YAML and shells; `nil` for anything else.
    static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "1", "y": true
        case "false", "no", "off", "0", "n": false
        default: nil
        }
    }
}

/// The members of a mapping in a configuration file, in their order.
struct ConfigurationMapping: Sendable {
    private(set) var members: [(key: String, node: ConfigurationNode)] = []

    var keys: [String] { members.map(\.key) }

    subscript(key: String) -> ConfigurationNode? {
        get { members.first { $0.key == key }?.node }
        set {
            members.removeAll { $0.key == key && newValue == nil }
            guard let newValue else { return }
            if let index = members.firstIndex(where: { $0.key == key }) {
                members[index].node = newValue
            } else {
                members.append((key, newValue))
            }
        }
    }

    /// Replaces members by the newer ones, and merges nested mappings. This is how secure.yaml is put on top of
    /// clouds.yaml.
    func merging(_ newer: ConfigurationMapping) -> ConfigurationMapping {
        var result = self
        for (key, node) in newer.members {
            if let inner = node.mapping, let old = result[key]?.mapping {
                result[key] = ConfigurationNode(value: .mapping(old.merging(inner)), position: node.position)
            } else {
                result[key] = node
            }
        }
        return result
    }

    /// Replaces members by the newer ones; of the nested mappings, only `auth` is merged. This is how a cloud is put on
    /// top of its profile, and a region on top of its cloud.
    func updating(_ newer: ConfigurationMapping) -> ConfigurationMapping {
        var result = self
        for (key, node) in newer.members where !node.isNull {
            if key == "auth", let inner = node.mapping, let old = result[key]?.mapping {
                result[key] = ConfigurationNode(value: .mapping(old.updating(inner)), position: node.position)
            } else {
                result[key] = node
            }
        }
        return result
    }

    /// The same members, with `-` replaced by `_` in every name, as OpenStack's clients read them.
    var normalized: ConfigurationMapping {
        var result = ConfigurationMapping()
        for (key, node) in members {
            var node = node
            if let inner = node.mapping { node.value = .mapping(inner.normalized) }
            result[key.replacing("-", with: "_")] = node
        }
        return result
    }
}

// Files contain passwords, so neither type prints its values.
extension ConfigurationNode: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String {
        switch value {
        case .null: "null"
        case .scalar: "***"
        case .sequence(let nodes): "\(nodes)"
        case .mapping(let mapping): "\(mapping)"
        }
    }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["value": description]) }
}

extension ConfigurationMapping: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "\(keys)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["keys": keys]) }
}
