import Foundation
import LocalFiles

extension PostgreSQLTarget {
    /// What makes libpq notice within a minute or so that the server is silent. Without it, that takes hours.
    private static let noticingSilence = [
        ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
        ("tcp_user_timeout", "60000"),
    ]

    /// What psql is given: the connection, with settings by which it notices that the server is silent. What the
    /// connection itself or its service sets stays as it is.
    ///
    /// - Parameter environment: the variables for libpq.
    /// - Returns: a connection string or a URI.
    func connection(environment: [String: String]) -> String {
        guard var given = ConnectionText.settings(connection) else { return connection }
        if let service = given["service"] ?? environment["PGSERVICE"], !service.isEmpty {
            // Settings of a connection win over those of its service, so the service must be known.
            guard let more = ConnectionText.settings(ofService: service, environment: environment) else {
                return connection
            }
            given.merge(more) { own, _ in own }
        }
        let missing = Self.noticingSilence.filter { given[$0.0] == nil }.map { "\($0.0)=\($0.1)" }
        guard !missing.isEmpty else { return connection }
        guard ConnectionText.isURI(connection) else { return ([connection] + missing).joined(separator: " ") }
        let joint = connection.contains("?") ? (["?", "&"].contains(connection.suffix(1)) ? "" : "&") : "?"
        return connection + joint + missing.joined(separator: "&")
    }
}

/// Reads what libpq reads (https://www.postgresql.org/docs/current/libpq-connect.html), to know what is set.
enum ConnectionText {
    static func isURI(_ text: String) -> Bool { text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") }

    /// The settings in a connection string or in the query of a URI; `nil` if libpq would not understand them.
    static func settings(_ text: String) -> [String: String]? {
        guard isURI(text) else { return pairs(text) }
        guard let start = text.firstIndex(of: "?") else { return [:] }
        var found: [String: String] = [:]
        for part in text[text.index(after: start)...].split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, let name = String(pair[0]).removingPercentEncoding,
                let value = String(pair[1]).removingPercentEncoding
            else { return nil }
            found[name] = value
        }
        return found
    }

    /// Settings such as `host=db dbname='my lab'`.
    private static func pairs(_ text: String) -> [String: String]? {
        var found: [String: String] = [:]
        var rest = text[...]
        func skipSpaces() { rest = rest.drop(while: \.isWhitespace) }
        skipSpaces()
        while !rest.isEmpty {
            let name = String(rest.prefix { $0 != "=" && !$0.isWhitespace })
            rest = rest.dropFirst(name.count)
            skipSpaces()
            guard !name.isEmpty, rest.popFirst() == "=" else { return nil }
            skipSpaces()
            let isQuoted = rest.first == "'"
            if isQuoted { rest.removeFirst() }
            var value = ""
            while let next = rest.first, isQuoted ? next != "'" : !next.isWhitespace {
                rest.removeFirst()
                // A backslash stands before what is meant as it is.
                if next != "\\" { value.append(next) } else if let meant = rest.popFirst() { value.append(meant) }
            }
            if isQuoted, rest.popFirst() != "'" { return nil }
            found[name] = value
            skipSpaces()
        }
        return found
    }

    /// The settings of a service; `nil` if it is in none of the files that can be found.
    static func settings(ofService service: String, environment: [String: String]) -> [String: String]? {
        let home = environment["HOME"] ?? NSHomeDirectory()
        let own = environment["PGSERVICEFILE"] ?? "\(home)/.pg_service.conf"
        let folders = environment["PGSYSCONFDIR"].map { [$0] } ?? systemFolders
        for file in [own] + folders.map({ "\($0)/pg_service.conf" }) {
            guard let bytes = try? InputFile.bytes(of: file) else { continue }
            switch section(service, of: String(decoding: bytes, as: UTF8.self)) {
            case .missing: continue
            case .elsewhere: return nil
            case .settings(let settings): return settings
            }
        }
        return nil
    }

    /// Where libpq's builders keep the file for all users: PostgreSQL itself, Debian, Red Hat.
    private static let systemFolders = [
        "/usr/local/pgsql/etc", "/etc/postgresql-common", "/etc/sysconfig/pgsql", "/etc",
    ]

    private enum Section {
        case missing
        /// An LDAP server has the settings.
        case elsewhere
        case settings([String: String])
    }

    /// The section of a service in the text of a file.
    private static func section(_ service: String, of text: String) -> Section {
        var found: [String: String]?
        for line in text.split(whereSeparator: \.isNewline).map({ $0.trimmingCharacters(in: .whitespaces) }) {
            if line.hasPrefix("[") {
                guard found == nil else { break }
                if line.hasPrefix("[\(service)]") { found = [:] }
            } else if found != nil, !line.hasPrefix("#") {
                guard !line.hasPrefix("ldap") else { return .elsewhere }
                let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard pair.count == 2 else { continue }
                let name = pair[0].trimmingCharacters(in: .whitespaces)
                // The first one counts.
                if found?[name] == nil { found?[name] = String(pair[1]) }
            }
        }
        return found.map(Section.settings) ?? .missing
    }
}
