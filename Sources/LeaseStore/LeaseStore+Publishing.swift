import GRDB
package import LeaseModel

/// A database elsewhere that this one is published to, as this one remembers it.
package struct Publication: Sendable, Hashable {
    /// The number of this database there.
    package let collector: Int64
    /// The marks of the last two attempts to publish. The other database has one of them, unless one of the two was
    /// replaced by an older copy.
    package let marks: Set<String>
    /// The changes up to this one are known to be there.
    package let lastChange: Int64

    package init(collector: Int64, marks: Set<String>, lastChange: Int64) {
        self.collector = collector
        self.marks = marks
        self.lastChange = lastChange
    }
}

extension LeaseStore {
    /// What is remembered of a publication.
    ///
    /// - Parameter target: the id of the other database.
    /// - Returns: the publication; `nil` if there was none.
    /// - Throws: ``StoreError``.
    package func publication(to target: String) throws(StoreError) -> Publication? {
        try read { database in
            let row = try Row.fetchOne(
                database,
                sql: "SELECT collector_id, mark, previous_mark, change_id FROM publication WHERE target = ?",
                arguments: [target])
            return row.map { Publication(collector: $0[0], marks: [$0[1], $0[2]], lastChange: $0[3]) }
        }
    }

    /// The number of the last change that was recorded for publications; 0 if there was none.
    package func lastChange() throws(StoreError) -> Int64 { try read(Self.lastChange) }

    private static func lastChange(_ database: Database) throws -> Int64 {
        // The rows may be gone already.
        try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'publication_change'") ?? 0
    }

    /// Records an attempt to publish before it is made. From then on, changes are recorded.
    ///
    /// - Parameters:
    ///   - target: the id of the other database.
    ///   - collector: the number of this database there.
    ///   - mark: the random mark that the other database will have if the attempt succeeds.
    ///   - previous: the mark that it has now.
    ///   - time: the current time.
    /// - Throws: ``StoreError``.
    package func beginPublication(
        to target: String, collector: Int64, mark: String, after previous: String, at time: Timestamp
    ) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO publication (target, collector_id, mark, previous_mark, change_id, published_at)
                    VALUES (?, ?, ?, ?, 0, ?)
                    ON CONFLICT (target) DO UPDATE SET collector_id = excluded.collector_id, mark = excluded.mark,
                        previous_mark = excluded.previous_mark
                    """, arguments: [target, collector, mark, previous, time.secondsSince1970])
        }
    }

    /// Records that the other database has all changes up to one, and removes the changes that nobody needs any more.
    ///
    /// A publication that has not been used for 30 days is forgotten: its next run copies everything.
    ///
    /// - Throws: ``StoreError``.
    package func endPublication(to target: String, change: Int64, at time: Timestamp) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "UPDATE publication SET change_id = ?, published_at = ? WHERE target = ?",
                arguments: [change, time.secondsSince1970, target])
            try database.execute(
                sql: "UPDATE publication SET mark = '', previous_mark = '' WHERE published_at < ?",
                arguments: [time.adding(seconds: -30 * 86_400).secondsSince1970])
            try database.execute(
                sql: """
                    DELETE FROM publication_change
                    WHERE change_id <= (SELECT min(change_id) FROM publication WHERE mark <> '')
                    """)
        }
    }

    /// Reads for a publication, all of it from one state of the database.
    ///
    /// - Throws: ``StoreError``, and what the body throws.
    package func publishing<Value>(_ body: (PublicationReader) throws -> Value) throws -> Value {
        try database.read { database in
            try body(PublicationReader(database: database, lastChange: Self.lastChange(database)))
        }
    }
}

/// Reads rows and changes for a publication, in one transaction.
package struct PublicationReader {
    let database: Database
    /// The number of the last recorded change.
    package let lastChange: Int64

    /// The tables that have changed since.
    package func changedTables(after change: Int64) throws -> Set<String> {
        try String.fetchSet(
            database, sql: "SELECT DISTINCT table_name FROM publication_change WHERE change_id > ?",
            arguments: [change])
    }

    /// Where the sites of this database are: the endpoints and regions by which they are told apart.
    package func sites() throws -> [(endpoint: String, region: String)] {
        try Row.fetchAll(database, sql: "SELECT endpoint, region FROM site").map { ($0[0], $0[1]) }
    }

    /// Copies the rows of a table, as PostgreSQL's COPY reads them.
    ///
    /// - Parameters:
    ///   - table: the table.
    ///   - change: only rows that changed after this change and are still there; `nil` for all rows.
    ///   - offset: what is added to the numbers of rows.
    ///   - sink: takes the bytes, some hundred kilobytes at a time.
    /// - Returns: the number of rows.
    /// - Throws: SQLite's error, and what the sink throws.
    package func copy(
        _ table: PublishedTable, after change: Int64?, offset: Int64, to sink: ([UInt8]) throws -> Void
    ) throws -> Int {
        try copyRows(
            change.map { table.changed(after: $0, offset: offset) } ?? table.everything(offset: offset), to: sink)
    }

    /// Copies the keys of the rows that changed after a change, whether or not they are still there.
    ///
    /// - Throws: SQLite's error, and what the sink throws.
    package func copyKeys(
        of table: PublishedTable, after change: Int64, offset: Int64, to sink: ([UInt8]) throws -> Void
    ) throws {
        _ = try copyRows(table.keys(after: change, offset: offset), to: sink)
    }

    /// Writes the rows of a query in the text form of PostgreSQL's COPY: one line for each row, tabs between the
    /// columns, `\N` for NULL.
    ///
    /// - Parameters:
    ///   - sql: the query.
    ///   - sink: takes the bytes, some hundred kilobytes at a time.
    /// - Returns: the number of rows.
    /// - Throws: SQLite's error, and what the sink throws.
    func copyRows(_ sql: String, to sink: ([UInt8]) throws -> Void) throws -> Int {
        let walk = try RowWalk(database, sql: sql)
        defer { walk.end() }
        try walk.begin()
        var text = CopyText()
        var count = 0
        while try walk.step() {
            text.append(walk)
            count += 1
            if text.bytes.count >= CopyText.portion {
                try sink(text.bytes)
                text.removeAll()
            }
        }
        if !text.bytes.isEmpty { try sink(text.bytes) }
        return count
    }
}
