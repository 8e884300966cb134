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
        "DELETE FROM \(name) WHERE \(owner) \(Collector.isAmong(offset));\n"
    }

    /// Removes all rows of a site.
    func delete(site: Int64) -> String {
        "DELETE FROM \(name) WHERE \(owner) IN (\(sites.replacing("$1", with: String(site))));\n"
    }
}

/// A database that is published, by its number in PostgreSQL. No number, not even one that makes no sense, overflows.
enum Collector {
    private static let bits = 32

    /// The numbers that PostgreSQL gives: those for which there are numbers of rows and of a lock.
    static let numbers: Range<Int64> = 0..<Int64(Int32.max)

    /// What is added to the numbers of its rows.
    static func offset(_ number: Int64) -> Int64 { number << bits }

    /// What is added to the numbers of the rows of the database that a row belongs to.
    static func offset(ofRow row: Int64) -> Int64 { (row >> bits) << bits }

    /// The number of the database whose rows have an offset.
    static func number(_ offset: Int64) -> Int64 { offset >> bits }

    /// SQL's condition for the numbers of rows to which an offset was added.
    static func isAmong(_ offset: Int64) -> String { "BETWEEN \(offset) AND \(offset | ((1 << bits) - 1))" }
}
