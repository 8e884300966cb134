import LeaseModel

/// The published schema in PostgreSQL: made and upgraded here.
enum PostgreSQLSchema {
    /// What a server says about itself and the schema.
    struct Facts {
        /// The id that the schema was given when it was made; `nil` if there is none.
        var id: String?
        var version = 0
        var hasCurrentViews = false
    }

    /// One step of the schema. A released step never changes.
    static let steps = [String(decoding: PackageResources.postgres_v1_sql, as: UTF8.self)]
    static let views = String(decoding: PackageResources.postgres_views_sql, as: UTF8.self)

    static var currentVersion: Int { steps.count }
    private static let minimumServer = 140_000

    /// Finds the schema, and makes or upgrades it if needed.
    ///
    /// - Returns: the schema's id.
    /// - Throws: ``PublishError`` for a server that is too old, a standby, another encoding, a schema of a newer program,
    ///   or one that belongs to something else.
    static func prepare(_ session: PsqlSession, _ target: PostgreSQLTarget) throws(PublishError) -> String {
        let schema = SQLText.name(target.schema)
        try session.ask("SET client_min_messages = warning; SET standard_conforming_strings = on;")
        try requireServer(session, target)
        try session.ask(noticingSilence)
        // Temporary tables are found first, but no published name is that of one.
        try session.ask("SET search_path = \(schema), pg_temp;")
        if let facts = try facts(session, target), let id = facts.id, facts.version == currentVersion,
            facts.hasCurrentViews
        {
            return id
        }
        try session.ask("BEGIN; SELECT pg_advisory_xact_lock(\(lock(target, 0)));")
        // Another process may have done it meanwhile.
        let known = try facts(session, target)
        var steps = ""
        if known == nil {
            steps += "CREATE SCHEMA IF NOT EXISTS \(schema);\n"
        }
        for step in Self.steps.dropFirst(known?.version ?? 0) { steps += step }
        if known?.id == nil {
            steps += "INSERT INTO published_schema (version, views) VALUES (\(currentVersion), '');\n"
        }
        steps += views
        steps += """
            UPDATE published_schema SET version = \(currentVersion), views = \(SQLText.literal(views));
            COMMIT;
            """
        try session.ask(steps)
        guard let id = try facts(session, target)?.id else {
            throw PublishError(kind: .data, message: "The schema \(target.schema) of \(target.name) could not be made.")
        }
        return id
    }

    /// Makes the server notice within a minute or two that this program is gone, and give up waiting for a lock, which a
    /// connection that was cut may still hold. What the server's owner or the user has set stays.
    private static let noticingSilence = """
        SELECT set_config(name, given, false) FROM pg_settings JOIN (VALUES
            ('lock_timeout', '60s'), ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'),
            ('tcp_keepalives_count', '3'), ('tcp_user_timeout', '60000')) AS ours (name, given) USING (name)
        WHERE source = 'default';
        """

    /// The number of an advisory lock (https://www.postgresql.org/docs/current/explicit-locking.html).
    ///
    /// - Parameters:
    ///   - target: the schema.
    ///   - number: 0 for the schema itself, otherwise 1 more than the collector's number.
    /// - Returns: the arguments of PostgreSQL's function.
    static func lock(_ target: PostgreSQLTarget, _ number: Int64) -> String {
        "hashtext(\(SQLText.literal("leasehold " + target.schema))), \(number)"
    }

    private static func requireServer(_ session: PsqlSession, _ target: PostgreSQLTarget) throws(PublishError) {
        let answer = try session.ask(
            """
            SELECT current_setting('server_version_num') || ' ' || current_setting('server_encoding') || ' '
                || pg_is_in_recovery();
            """)
        let words = answer.first?.split(separator: " ").map(String.init) ?? []
        guard words.count == 3, let version = Int(words[0]) else {
            throw PublishError(kind: .data, message: "\(target.name) is not a PostgreSQL server that can be used.")
        }
        guard version >= minimumServer else {
            throw PublishError(
                kind: .data,
                message: "\(target.name) is PostgreSQL \(version / 10_000); 14 or newer is needed.")
        }
        guard words[1] == "UTF8" else {
            throw PublishError(
                kind: .data,
                message: """
                    The database of \(target.name) has the encoding \(words[1]), which cannot hold all names. Publish to \
                    a database made with `createdb -E UTF8`.
                    """)
        }
        guard words[2] == "false" else {
            throw PublishError(
                kind: .data, message: "\(target.name) is a standby, which cannot be written. Name its primary server.")
        }
    }

    /// What is there; `nil` if there is no such schema.
    private static func facts(_ session: PsqlSession, _ target: PostgreSQLTarget) throws(PublishError) -> Facts? {
        let schema = SQLText.literal(target.schema)
        let found =
            try session.ask(
                """
                SELECT count(*) || ' ' || count(*) FILTER (WHERE relname = 'published_schema') || ' '
                    || (SELECT count(*) FROM pg_namespace WHERE nspname = \(schema))
                FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = \(schema);
                """
            ).first?.split(separator: " ").compactMap { Int($0) } ?? []
        guard found.count == 3, found[2] == 1 else { return nil }
        guard found[1] == 1 else {
            guard found[0] == 0 else {
                throw PublishError(
                    kind: .data,
                    message: """
                        The schema \(target.schema) of \(target.name) has other tables in it. Choose another one with \
                        --schema.
                        """)
            }
            return Facts()
        }
        let line = try session.ask(
            "SELECT id || ' ' || version || ' ' || (views = \(SQLText.literal(views))) FROM published_schema;")
        let words = line.first?.split(separator: " ").map(String.init) ?? []
        guard words.count == 3, let version = Int(words[1]) else {
            throw PublishError(
                kind: .data,
                message: """
                    The schema \(target.schema) of \(target.name) is incomplete. Remove it (DROP SCHEMA … CASCADE) and \
                    publish again, or choose another one with --schema.
                    """)
        }
        guard version <= currentVersion else {
            throw PublishError(
                kind: .data,
                message: """
                    The schema \(target.schema) of \(target.name) was made by a newer leasehold (version \(version); this \
                    program knows \(currentVersion)). Install the newer program, or choose another schema with --schema.
                    """)
        }
        return Facts(id: words[0], version: version, hasCurrentViews: words[2] == "true")
    }
}
