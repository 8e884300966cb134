import LeaseModel
import LocalFiles
import YAMLReading
import Yams

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The contents of clouds.yaml, secure.yaml, clouds-public.yaml or policy.yaml.
struct ConfigurationFile: Sendable {
    let path: String
    let root: ConfigurationMapping
    /// Whether the file has no contents.
    let isEmpty: Bool

    /// Parses a file. The extension of its name decides between YAML and JSON.
    ///
    /// - Parameters:
    ///   - path: the path of the file.
    ///   - text: its contents.
    ///   - expected: what should be at the top of the file.
    /// - Throws: ``CloudConfigurationError`` with line and column if the text cannot be parsed.
    init(
        path: String, text: String, expected: String = "\"clouds:\" with the clouds below it"
    ) throws(CloudConfigurationError) {
        self.path = path
        let node =
            path.hasSuffix(".json") ? try Self.json(text, path: path) : try Self.yaml(text, path: path)
        // A file with only comments counts as missing.
        guard !node.isNull else {
            root = ConfigurationMapping()
            isEmpty = true
            return
        }
        isEmpty = false
        guard let mapping = node.mapping else {
            throw CloudConfigurationError(
                .brokenFile, "expected \(expected)",
                at: node.position ?? ConfigurationPosition(file: path, line: 1, column: 1))
        }
        root = mapping
    }

    /// The mapping with this name at the top of the file; empty if there is none.
    func section(_ name: String) throws(CloudConfigurationError) -> ConfigurationMapping {
        guard let node = root[name], !node.isNull else { return ConfigurationMapping() }
        guard let mapping = node.mapping else {
            throw CloudConfigurationError(
                .brokenFile, "\"\(name)\" should hold the clouds by name, indented below it", at: node.position)
        }
        return mapping
    }
}

// MARK: - YAML

extension ConfigurationFile {
    private static func yaml(_ text: String, path: String) throws(CloudConfigurationError) -> ConfigurationNode {
        let root: Node?
        do {
            root = try YAMLDocument.compose(text)
        } catch {
            throw broken(error, path: path)
        }
        return root.map { node($0, path: path) } ?? ConfigurationNode(value: .null)
    }

    private static func node(_ node: Node, path: String) -> ConfigurationNode {
        let position = position(node.mark, path: path)
        switch node {
        case .scalar(let scalar):
            let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            return ConfigurationNode(value: isNull ? .null : .scalar(scalar.string), position: position)
        case .sequence(let sequence):
            return ConfigurationNode(
                value: .sequence(sequence.map { Self.node($0, path: path) }), position: position)
        case .mapping(let mapping):
            return ConfigurationNode(value: .mapping(Self.mapping(mapping, path: path)), position: position)
        case .alias:
            return ConfigurationNode(value: .null, position: position)
        }
    }

    private static func mapping(_ mapping: Node.Mapping, path: String) -> ConfigurationMapping {
        var own = ConfigurationMapping()
        var inherited = ConfigurationMapping()
        for (key, value) in mapping {
            guard let name = key.scalar?.string else { continue }
            let node = node(value, path: path)
            // People use "<<: *defaults" to share settings between the clouds of a file.
            guard name == "<<", key.scalar?.style == .plain else {
                own[name] = node
                continue
            }
            for parent in node.sequence ?? [node] {
                inherited = (parent.mapping ?? ConfigurationMapping()).updatingShallowly(inherited)
            }
        }
        return inherited.updatingShallowly(own)
    }

    private static func position(_ mark: Mark?, path: String) -> ConfigurationPosition? {
        mark.map { ConfigurationPosition(file: path, line: $0.line, column: $0.column) }
    }

    /// The parser's error and its position. The error's own description quotes the line, which may contain a password.
    private static func broken(_ error: any Error, path: String) -> CloudConfigurationError {
        let advice =
            "correct the file there; indentation must be spaces, and a value with : # or quotes in it "
            + "needs quotes around it"
        func at(_ mark: Mark, _ problem: String) -> CloudConfigurationError {
            CloudConfigurationError(
                .brokenFile, "not YAML: \(problem): \(advice)", at: position(mark, path: path))
        }
        if let error = error as? YAMLDocument.TooLarge {
            return CloudConfigurationError(
                .brokenFile, "\(error): write the settings out",
                at: ConfigurationPosition(file: path, line: nil, column: nil))
        }
        guard let error = error as? YamlError else {
            return CloudConfigurationError(
                .brokenFile, "not YAML: \(advice)", at: ConfigurationPosition(file: path, line: nil, column: nil))
        }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return at(mark, problem)
        case .duplicatedKeysInMapping(let names, let context):
            let list = names.map { "\"\($0.escapedForTerminal)\"" }.joined(separator: ", ")
            return CloudConfigurationError(
                .brokenFile, "\(list) occurs twice in one place: remove one of them",
                at: position(context.mark, path: path))
        case .reader(let problem, _, _, _):
            return CloudConfigurationError(
                .brokenFile, "not YAML: \(problem): save the file as UTF-8 text",
                at: ConfigurationPosition(file: path, line: nil, column: nil))
        default:
            return CloudConfigurationError(
                .brokenFile, "not YAML: \(advice)", at: ConfigurationPosition(file: path, line: nil, column: nil))
        }
    }
}

extension ConfigurationMapping {
    /// Replaces members by the newer ones, without merging nested mappings: YAML's merge key.
    fileprivate func updatingShallowly(_ newer: ConfigurationMapping) -> ConfigurationMapping {
        newer.members.reduce(into: self) { $0[$1.key] = $1.node }
    }
}

// MARK: - JSON

extension ConfigurationFile {
    private static func json(_ text: String, path: String) throws(CloudConfigurationError) -> ConfigurationNode {
        do {
            return node(try JSONValue(parsing: text), path: path)
        } catch {
            let before = Array(text.utf8.prefix(error.offset))
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
            throw CloudConfigurationError(
                .brokenFile, "not JSON: \(error.reason.rawValue): correct the file there",
                at: ConfigurationPosition(file: path, line: line, column: column))
        }
    }

    private static func node(_ value: JSONValue, path: String) -> ConfigurationNode {
        let position = ConfigurationPosition(file: path, line: nil, column: nil)
        let inner: ConfigurationNode.Value =
            switch value {
            case .null: .null
            case .bool(let flag): .scalar(flag ? "true" : "false")
            case .number(let number): .scalar(number.text)
            case .string(let text): .scalar(text)
            case .array(let elements): .sequence(elements.map { node($0, path: path) })
            case .object(let object):
                .mapping(
                    object.members.reduce(into: ConfigurationMapping()) { $0[$1.key] = node($1.value, path: path) })
            }
        return ConfigurationNode(value: inner, position: position)
    }
}

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

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Finds clouds.yaml, secure.yaml and clouds-public.yaml where the OpenStack SDK looks for them.
///
/// Source: openstacksdk, `openstack/config/loader.py`. The order is: a file named by the environment, the current
/// folder, the user's configuration folder, the computer's. In each folder `.yaml`, `.yml` and `.json` are tried. The
/// first file that can be opened wins.
struct ConfigurationSearch: Sendable {
    let environment: [String: String]
    let homeDirectory: String
    let currentDirectory: String
    let siteDirectories: [String]

    enum Kind: String {
        case clouds, secure
        case publicClouds = "clouds-public"

        var override: String {
            switch self {
            case .clouds: "OS_CLIENT_CONFIG_FILE"
            case .secure: "OS_CLIENT_SECURE_FILE"
            case .publicClouds: "OS_CLIENT_VENDOR_FILE"
            }
        }
    }

    /// The user's configuration folder.
    var userDirectory: String {
        environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(homeDirectory)/.config"
    }

    /// The folders, in search order.
    var directories: [String] {
        let home = "\(homeDirectory)/.config"
        let user = userDirectory
        var folders = [currentDirectory, "\(user)/openstack"]
        if user != home { folders.append("\(home)/openstack") }
        return folders + siteDirectories
    }

    /// The paths to try, in order.
    func candidates(_ kind: Kind) -> [String] {
        let named = environment[kind.override].flatMap { $0.isEmpty ? nil : [absolute($0)] } ?? []
        return named
            + directories.flatMap { folder in ["yaml", "yml", "json"].map { "\(folder)/\(kind.rawValue).\($0)" } }
    }

    /// Makes a path absolute: relative paths begin at the current folder, and `~` is the home folder.
    func absolute(_ path: String) -> String {
        if path == "~" { return homeDirectory }
        if path.hasPrefix("~/") { return homeDirectory + path.dropFirst() }
        return path.hasPrefix("/") ? path : "\(currentDirectory)/\(path)"
    }

    /// The bytes of a settings file. It may be a pipe, for example from a program that decrypts secrets.
    static func bytes(of path: String) throws(FileProblem) -> [UInt8] {
        try InputFile.bytes(of: path, silenceLimitSeconds: 60)
    }

    /// A remark about files that should contain the clouds and could not be opened; empty if there are none.
    var remark: String {
        var remarks: [String] = []
        for (index, path) in candidates(.clouds).enumerated() {
            let isNamed = index == 0 && environment[Kind.clouds.override]?.isEmpty == false
            let exists = FileManager.default.fileExists(atPath: path)
            if exists, !FileManager.default.isReadableFile(atPath: path) {
                remarks.append("\(path.escapedForTerminal) cannot be read")
            } else if isNamed, !exists {
                remarks.append("\(Kind.clouds.override) names \(path.escapedForTerminal), which does not exist")
            }
        }
        return remarks.isEmpty ? "" : " (\(remarks.joined(separator: "; ")))"
    }

    /// The first file of this kind that can be read and is not empty.
    ///
    /// A file without read permission is skipped, as in the SDK. A broken file is an error, whereas the SDK goes on to
    /// the next one, and leaves people wondering where the cloud went.
    func find(_ kind: Kind) throws(CloudConfigurationError) -> ConfigurationFile? {
        for path in candidates(kind) {
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory,
                FileManager.default.isReadableFile(atPath: path)
            else { continue }
            let data: [UInt8]
            do {
                data = try Self.bytes(of: path)
            } catch .silentPipe {
                throw CloudConfigurationError(
                    .brokenFile, FileProblem.silentPipe.clause,
                    at: ConfigurationPosition(file: path, line: nil, column: nil))
            } catch {
                continue
            }
            guard let text = String(validating: data, as: UTF8.self) else {
                throw CloudConfigurationError(
                    .brokenFile, "not UTF-8 text: save it as UTF-8",
                    at: ConfigurationPosition(file: path, line: nil, column: nil))
            }
            guard !text.allSatisfy(\.isWhitespace) else { continue }
            let file = try ConfigurationFile(path: path, text: text)
            guard !file.isEmpty else { continue }
            return file
        }
        return nil
    }
}
