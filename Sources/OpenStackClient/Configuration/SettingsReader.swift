import LeaseModel
import LocalFiles

/// Reads the settings of a file that a person wrote: what it refuses, it refuses with file, line and key.
protocol SettingsReader {}

extension SettingsReader {
    /// The text of a settings file.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - name: what the file is called in messages.
    ///   - variable: the environment variable that may name another file.
    /// - Returns: the text.
    /// - Throws: ``CloudConfigurationError``.
    static func text(
        ofFile path: String, _ name: String, _ variable: String
    ) throws(CloudConfigurationError) -> String {
        let data: [UInt8]
        do {
            data = try ConfigurationSearch.bytes(of: path)
        } catch {
            throw CloudConfigurationError(
                .brokenFile, "the \(name) cannot be read (\(error.clause)): see its permissions, or \(variable)",
                at: ConfigurationPosition(file: path, line: nil, column: nil))
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw CloudConfigurationError(
                .brokenFile, "not UTF-8 text: save it as UTF-8",
                at: ConfigurationPosition(file: path, line: nil, column: nil))
        }
        return text
    }

    static func check(
        _ section: ConfigurationMapping, _ known: [String]
    ) throws(CloudConfigurationError) {
        for (key, node) in section.members where !known.contains(key) {
            let suggestion = Suggestion.nearest(to: key, in: known).map { "; did you mean \"\($0)\"?" } ?? "."
            throw invalid(key, "is not a known setting\(suggestion) Known: \(known.joined(separator: ", "))", node)
        }
    }

    /// The entries of a list, each read by a function.
    static func entries<Entry>(
        _ section: ConfigurationMapping, _ key: String, _ example: String,
        _ read: (ConfigurationMapping, ConfigurationNode) throws(CloudConfigurationError) -> Entry
    ) throws(CloudConfigurationError) -> [Entry] {
        guard let node = section[key], !node.isNull else { return [] }
        guard let nodes = node.sequence else {
            throw invalid(key, "should be a list, each entry with a dash before it", node)
        }
        var entries: [Entry] = []
        for node in nodes {
            guard let entry = node.mapping else { throw invalid(key, "should hold entries such as \(example)", node) }
            entries.append(try read(entry, node))
        }
        return entries
    }

    static func text(_ section: ConfigurationMapping, _ key: String) throws(CloudConfigurationError) -> String? {
        guard let node = section[key], !node.isNull else { return nil }
        guard let text = node.scalar else { throw invalid(key, "should be a single value", node) }
        return text
    }

    /// The values of a list, or a single value as a list of one; `nil` if there is none.
    static func texts(
        _ section: ConfigurationMapping, _ key: String
    ) throws(CloudConfigurationError) -> [(text: String, node: ConfigurationNode)]? {
        guard let node = section[key], !node.isNull else { return nil }
        var values: [(text: String, node: ConfigurationNode)] = []
        for element in node.sequence ?? [node] {
            guard let text = element.scalar, !text.isEmpty else {
                throw invalid(key, "should be a value, or a list of values", element)
            }
            values.append((text, element))
        }
        guard !values.isEmpty else { throw invalid(key, "is an empty list", node) }
        return values
    }

    /// The section with that name; empty if there is none.
    static func section(
        _ section: ConfigurationMapping, _ key: String
    ) throws(CloudConfigurationError) -> ConfigurationMapping? {
        guard let node = section[key], !node.isNull else { return nil }
        guard let mapping = node.mapping else {
            throw invalid(key, "should hold settings, indented below it", node)
        }
        return mapping
    }

    static func seconds(
        _ section: ConfigurationMapping, _ key: String
    ) throws(CloudConfigurationError) -> Int64? {
        guard let text = try text(section, key) else { return nil }
        guard let seconds = DurationText.seconds(in: text) else {
            throw invalid(key, "should be a length of time such as 7d or 48h", section[key])
        }
        return seconds
    }

    static func flag(_ section: ConfigurationMapping, _ key: String) throws(CloudConfigurationError) -> Bool? {
        guard let text = try text(section, key) else { return nil }
        guard let flag = ConfigurationNode.flag(text) else {
            throw invalid(key, "should be true or false", section[key])
        }
        return flag
    }

    static func invalid(_ key: String, _ problem: String, _ node: ConfigurationNode?) -> CloudConfigurationError {
        CloudConfigurationError(.invalidValue, "\"\(key.escapedForTerminal)\" \(problem)", at: node?.position)
    }
}
