/// Where to publish to: a service of libpq's, a connection string, or a URI, and the schema there.
package struct PostgreSQLTarget: Sendable, Hashable {
    /// A connection string or a URI.
    let connection: String
    /// What people are shown.
    package let name: String
    package let schema: String

    /// - Parameters:
    ///   - text: the name of a service in `pg_service.conf`, a URI, or settings as in `host=… dbname=…`.
    ///   - schema: the name of the schema.
    /// - Throws: ``PublishError`` for a password, which every user of this machine could read.
    package init(_ text: String, schema: String) throws(PublishError) {
        guard !text.isEmpty, !text.utf8.contains(0) else {
            throw PublishError(
                kind: .invalid, message: "The name of the service is empty. Name one of pg_service.conf.")
        }
        let isURI = ConnectionText.isURI(text)
        guard !Self.hasPassword(text, isURI: isURI) else {
            throw PublishError(
                kind: .invalid,
                message: """
                    A password on the command line can be read by every user of this machine. Put it into ~/.pgpass, or \
                    into a service of ~/.pg_service.conf.
                    """)
        }
        guard !schema.isEmpty, schema.utf8.count <= 63, !schema.utf8.contains(0), !schema.hasPrefix("pg_") else {
            throw PublishError(
                kind: .invalid,
                message: "--schema takes a name of up to 63 bytes that does not begin with pg_, not '\(schema)'.")
        }
        connection = isURI || text.contains("=") ? text : "service='\(Self.quoted(text))'"
        name = text
        self.schema = schema
    }

    private static func hasPassword(_ text: String, isURI: Bool) -> Bool {
        if text.lowercased().contains("password") && text.contains("=") { return true }
        guard isURI, let start = text.firstRange(of: "://")?.upperBound else { return false }
        let authority = text[start...].prefix { $0 != "/" && $0 != "?" }
        guard let at = authority.lastIndex(of: "@") else { return false }
        return authority[..<at].contains(":")
    }

    /// A value as settings of libpq's contain it.
    private static func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
    }
}

/// How SQL writes names and texts.
enum SQLText {
    static func name(_ text: String) -> String { "\"\(text.replacing("\"", with: "\"\""))\"" }

    /// A text; PostgreSQL takes no NUL.
    static func literal(_ text: String) -> String {
        "'\(text.replacing("\0", with: "\u{FFFD}").replacing("'", with: "''"))'"
    }
}
