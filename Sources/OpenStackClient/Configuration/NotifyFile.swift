import LeaseModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The file in which a person writes down what to be reminded of, and how: `$XDG_CONFIG_HOME/leasehold/notify.yaml`, or
/// the file that `LEASEHOLD_NOTIFY` names.
package struct NotifyFile: Sendable {
    private let search: ConfigurationSearch
    private let isNamed: Bool
    /// The file, whether or not it exists.
    package let path: String

    /// - Parameters:
    ///   - environment: the environment variables.
    ///   - homeDirectory: the user's home folder, absolute.
    ///   - currentDirectory: the current folder, absolute.
    package init(environment: [String: String], homeDirectory: String, currentDirectory: String) {
        search = ConfigurationSearch(
            environment: environment, homeDirectory: homeDirectory, currentDirectory: currentDirectory,
            siteDirectories: [])
        let named = environment["LEASEHOLD_NOTIFY"].flatMap { $0.isEmpty ? nil : $0 }
        isNamed = named != nil
        path = named.map(search.absolute) ?? "\(search.userDirectory)/leasehold/notify.yaml"
    }

    /// The settings; `nil` if there is no file.
    ///
    /// - Throws: ``CloudConfigurationError`` with file, line and key.
    package func load() throws(CloudConfigurationError) -> NotifySettings? {
        guard isNamed || FileManager.default.fileExists(atPath: path) else { return nil }
        return try settings(text: NotifyReader.text(ofFile: path, "file of reminders", "LEASEHOLD_NOTIFY"))
    }

    /// The settings in a text.
    ///
    /// - Throws: ``CloudConfigurationError`` with file, line and key.
    package func settings(text: String) throws(CloudConfigurationError) -> NotifySettings {
        let file = try ConfigurationFile(path: path, text: text, expected: "\"channels:\" with the channels below it")
        try NotifyReader.check(file.root, ["events", "leases", "channels"])
        var rules = try NotifyReader.section(file.root, "events").map(NotifyReader.rules) ?? .standard
        if let leases = try NotifyReader.section(file.root, "leases") { try NotifyReader.narrow(&rules, to: leases) }
        guard let section = try NotifyReader.section(file.root, "channels"), !section.members.isEmpty else {
            throw CloudConfigurationError(
                .missingField, "\"channels\" is missing: name at least one way to be told, such as \"desktop:\"",
                at: ConfigurationPosition(file: path, line: nil, column: nil))
        }
        var channels: [NotifyChannel] = []
        for (name, node) in section.members {
            guard node.isNull || node.mapping != nil else {
                throw NotifyReader.invalid("channels.\(name)", "should hold settings, indented below it", node)
            }
            let reader = NotifyReader(name: name, section: node.mapping ?? ConfigurationMapping(), node: node)
            channels.append(try reader.channel(search))
        }
        return NotifySettings(path: path, rules: rules, channels: channels)
    }
}

/// Reads a channel, and the sections of notify.yaml.
private struct NotifyReader: SettingsReader {
    let name: String
    let section: ConfigurationMapping
    let node: ConfigurationNode

    // MARK: - Events

    /// No time before a moment may be longer than this, because reminders are remembered only for a while.
    private static let longestLead: Int64 = 60 * 86_400

    static func rules(_ events: ConfigurationMapping) throws(CloudConfigurationError) -> ReminderRules {
        try check(events, ReminderKind.allCases.map(\.rawValue))
        let standard = ReminderRules.standard
        var rules = ReminderRules()
        rules.startLeads = try leads(events, "start", standard.startLeads)
        rules.endLeads = try leads(events, "end", standard.endLeads)
        rules.windowLeads = try leads(events, "window", standard.windowLeads)
        rules.tellsErrors = try flag(events, "error") ?? false
        rules.tellsDegraded = try flag(events, "degraded") ?? false
        rules.writes = try writes(events)
        rules.tellsKeeping = try flag(events, "keep") ?? false
        rules.tellsSlots = try flag(events, "slot") ?? false
        if let node = events["sync"], let section = node.mapping {
            try check(section, ["after"])
            rules.syncFailureSeconds = try seconds(section, "after") ?? standard.syncFailureSeconds
        } else if try flag(events, "sync") == true {
            rules.syncFailureSeconds = standard.syncFailureSeconds
        }
        return rules
    }

    private static func leads(
        _ events: ConfigurationMapping, _ key: String, _ standard: [Int64]
    ) throws(CloudConfigurationError) -> [Int64] {
        guard let mapping = events[key]?.mapping else {
            return try flag(events, key) == true ? standard : []
        }
        try check(mapping, ["before"])
        guard let texts = try texts(mapping, "before") else { return standard }
        var leads: [Int64] = []
        for (text, node) in texts {
            guard let seconds = DurationText.seconds(in: text), seconds >= 0 else {
                throw invalid("before", "should be a length of time such as 1d or 1h, or a list of them", node)
            }
            guard seconds <= longestLead else { throw invalid("before", "should be 60d at most", node) }
            leads.append(seconds)
        }
        return leads
    }

    private static func writes(
        _ events: ConfigurationMapping
    ) throws(CloudConfigurationError) -> Set<ReminderRules.WriteNews> {
        if let text = events["write"]?.scalar, let isWanted = ConfigurationNode.flag(text) {
            return isWanted ? ReminderRules.standard.writes : []
        }
        return Set(try words(events, "write", of: ReminderRules.WriteNews.self) ?? [])
    }

    /// The values of a list, each one of a few words.
    private static func words<Word: RawRepresentable & CaseIterable>(
        _ section: ConfigurationMapping, _ key: String, of type: Word.Type
    ) throws(CloudConfigurationError) -> [Word]? where Word.RawValue == String {
        guard let texts = try texts(section, key) else { return nil }
        var words: [Word] = []
        for (text, node) in texts {
            guard let word = Word(rawValue: text) else {
                let known = Word.allCases.map(\.rawValue)
                let suggestion = Suggestion.nearest(to: text, in: known).map { "; did you mean \"\($0)\"?" } ?? "."
                throw invalid(
                    key,
                    "cannot be \"\(text.escapedForTerminal)\"\(suggestion) Known: \(known.joined(separator: ", "))",
                    node)
            }
            words.append(word)
        }
        return words
    }

    // MARK: - Leases

    static func narrow(
        _ rules: inout ReminderRules, to leases: ConfigurationMapping
    ) throws(CloudConfigurationError) {
        try check(leases, ["mine", "projects", "names", "clouds"])
        rules.isMine = try flag(leases, "mine") ?? true
        rules.projects = try texts(leases, "projects")?.map(\.text) ?? []
        rules.nameGlobs = try texts(leases, "names")?.map(\.text) ?? []
        rules.clouds = try texts(leases, "clouds")?.map(\.text) ?? []
    }

    // MARK: - Channels

    private static let types: [String: [String]] = [
        "desktop": [], "mail": ["to", "from", "sendmail"],
        "webhook": [
            "url", "url_file", "url_command", "shape", "token", "token_file", "token_command",
        ],
        "command": ["command"],
    ]

    func channel(_ search: ConfigurationSearch) throws(CloudConfigurationError) -> NotifyChannel {
        guard !name.isEmpty, name.allSatisfy({ !$0.isNewline }), name.utf8.count <= 100 else {
            throw Self.invalid("channels", "has a name that is empty, too long or more than one line", node)
        }
        // A channel that is named after its type needs no other setting.
        let type = try Self.text(section, "type") ?? name
        let known = Self.types.keys.sorted()
        guard let settings = Self.types[type] else {
            guard section["type"] != nil else {
                throw Self.invalid("channels.\(name)", "has no \"type\": \(known.joined(separator: ", "))", node)
            }
            let suggestion = Suggestion.nearest(to: type, in: known).map { "; did you mean \"\($0)\"?" } ?? "."
            throw Self.invalid(
                "type", "cannot be \"\(type.escapedForTerminal)\"\(suggestion) Known: \(known.joined(separator: ", "))",
                section["type"])
        }
        try Self.check(section, ["type", "events", "timeout"] + settings)
        let kinds = try Self.words(section, "events", of: ReminderKind.self) ?? ReminderKind.allCases
        let limit = try Self.seconds(section, "timeout") ?? 20
        guard (1...300).contains(limit) else {
            throw Self.invalid("timeout", "should be between 1s and 5m", section["timeout"])
        }
        return NotifyChannel(
            name: name, means: try means(type, search), kinds: Set(kinds), timeLimitSeconds: limit)
    }

    private func means(
        _ type: String, _ search: ConfigurationSearch
    ) throws(CloudConfigurationError) -> NotifyChannel.Means {
        switch type {
        case "mail":
            guard let to = try addresses("to") else { throw missing("to", "the address that mail goes to") }
            return .mail(
                to: to, from: try addresses("from")?.first, program: try Self.texts(section, "sendmail")?.map(\.text))
        case "webhook":
            guard let url = try secret("url", search) else {
                throw missing("url", "the address, or url_file or url_command")
            }
            if case .text(let text) = url, !Self.isWebAddress(text.reveal()) {
                throw Self.invalid("url", "should begin with https:// or http://", section["url"])
            }
            let shape = try Self.words(section, "shape", of: WebhookShape.self)?.first ?? .plain
            return .webhook(url: url, shape: shape, token: try secret("token", search))
        case "command":
            guard let words = try program("command") else { throw missing("command", "the command to run") }
            return .command(words)
        default: return .desktop
        }
    }

    private func missing(_ key: String, _ what: String) -> CloudConfigurationError {
        Self.invalid("channels.\(name)", "has no \"\(key)\": \(what)", node)
    }

    /// A list is a program and its arguments; a text is for the shell.
    private func program(_ key: String) throws(CloudConfigurationError) -> [String]? {
        guard let node = section[key], !node.isNull else { return nil }
        if let text = node.scalar, !text.isEmpty { return ["/bin/sh", "-c", text] }
        return try Self.texts(section, key)?.map(\.text)
    }

    private func addresses(_ key: String) throws(CloudConfigurationError) -> [String]? {
        guard let texts = try Self.texts(section, key) else { return nil }
        for (text, node) in texts {
            // The text becomes part of a header.
            guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), text.utf8.count <= 200, !text.contains(",")
            else {
                throw Self.invalid(key, "should be a mail address, or a list of them", node)
            }
        }
        return texts.map(\.text)
    }

    private func secret(_ key: String, _ search: ConfigurationSearch) throws(CloudConfigurationError) -> SecretSource? {
        let given = ["", "_file", "_command"].filter { section[key + $0].map { !$0.isNull } ?? false }
        guard given.count <= 1 else {
            throw Self.invalid(
                "channels.\(name)", "has \(given.map { key + $0 }.joined(separator: " and ")): give one of them", node)
        }
        switch given.first {
        case "": return try Self.text(section, key).map { .text(Secret($0)) }
        case "_file": return try Self.text(section, key + "_file").map { .file(search.absolute($0)) }
        case "_command": return try program(key + "_command").map(SecretSource.command)
        default: return nil
        }
    }

    static func isWebAddress(_ text: String) -> Bool {
        ["https://", "http://"].contains { text.lowercased().hasPrefix($0) && text.utf8.count > $0.utf8.count }
    }
}
