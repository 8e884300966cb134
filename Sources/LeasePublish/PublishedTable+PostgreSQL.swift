import LeaseStore

extension PublishedTable {
    /// Begins the copy of rows, which follow in the same order of columns.
    var copy: String { "COPY \(name) (\(columns.map(\.name).joined(separator: ", "))) FROM STDIN;\n" }

    /// The temporary table with the keys of what changed.
    private var changedName: String { "changed_\(changes)" }

    /// Makes the temporary table for the keys, and begins the copy of the keys.
    var copyKeys: String {
        let names = key.map(\.name).joined(separator: ", ")
        return """
            CREATE TEMPORARY TABLE \(changedName) ON COMMIT DROP AS SELECT \(names) FROM \(name) LIMIT 0;
            COPY \(changedName) FROM STDIN;

            """
    }

    /// Tells PostgreSQL how many keys there are.
    var analyzeKeys: String { "ANALYZE \(changedName);\n" }

    /// Removes the rows whose keys were copied.
    var deleteChanged: String {
        let matches = key.map { "\(name).\($0.name) = \(changedName).\($0.name)" }.joined(separator: " AND ")
        return "DELETE FROM \(name) USING \(changedName) WHERE \(matches);\n"
    }

    /// Removes all rows of a collector.
    func deleteAll(offset: Int64) -> String {
        "DELETE FROM \(name) WHERE \(owner) BETWEEN \(offset) AND \(offset + Collector.span - 1);\n"
    }

    /// Removes all rows of a site.
    func delete(site: Int64) -> String {
        "DELETE FROM \(name) WHERE \(owner) IN (\(sites.replacing("$1", with: String(site))));\n"
    }
}

/// A database that is published, by its number in PostgreSQL.
enum Collector {
    /// How far the numbers of two collectors are apart.
    static let span: Int64 = 1 << 32

    /// What is added to the numbers of its rows.
    static func offset(_ number: Int64) -> Int64 { number * span }
}
