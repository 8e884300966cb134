import LeaseModel
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
