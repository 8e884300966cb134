import GRDB
package import LeaseModel

/// A database elsewhere that this one is published to, as this one remembers it.
package struct Publication: Sendable, Hashable {
    /// The number of this database there.
    package let collector: Int64
    /// The marks of the last two attempts to publish. The other database has one of them, unless one of the two was
    /// replaced by an older copy. Empty if the publication was forgotten: everything must be copied.
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
        try read { try Self.publication($0, to: target) }
    }

    private static func publication(_ database: Database, to target: String) throws -> Publication? {
        let row = try Row.fetchOne(
            database, sql: "SELECT collector_id, mark, previous_mark, change_id FROM publication WHERE target = ?",
            arguments: [target])
        if let row { return Publication(collector: row[0], marks: [row[1], row[2]], lastChange: row[3]) }
        let collector = try Int64.fetchOne(
            database, sql: "SELECT collector_id FROM forgotten_publication WHERE target = ?", arguments: [target])
        return collector.map { Publication(collector: $0, marks: [], lastChange: 0) }
    }

    /// The number of the last change that was recorded for publications; 0 if there was none.
    package func lastChange() throws(StoreError) -> Int64 { try read(Self.lastChange) }

    private static func lastChange(_ database: Database) throws -> Int64 {
        // The rows may be gone already.
        try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'publication_change'") ?? 0
    }

    /// Remembers the number that another database has given to this one, unless another process has got one meanwhile.
    ///
    /// - Parameters:
    ///   - collector: the number.
    ///   - target: the id of the other database.
    ///   - lost: the number that it replaces; `nil` if there was none.
    ///   - mark: what marks a publication that has no rows yet.
    ///   - time: the current time.
    /// - Returns: the number to use.
    /// - Throws: ``StoreError``.
    package func adoptCollector(
        _ collector: Int64, of target: String, insteadOf lost: Int64?, mark: String, at time: Timestamp
    ) throws(StoreError) -> Int64 {
        try write { database in
            let present = try Self.publication(database, to: target)?.collector
            if let present, present != lost { return present }
            try Self.begin(
                database, to: target, collector: collector, mark: mark, after: mark, at: time)
            return collector
        }
    }

    /// Records an attempt to publish before it is made. From then on, changes are recorded.
    ///
    /// - Parameters:
    ///   - target: the id of the other database.
    ///   - collector: the number of this database there.
    ///   - mark: the random mark that the other database will have if the attempt succeeds.
    ///   - previous: the mark with which the other database has everything up to the last change that is known to be
    ///     there.
    ///   - time: the current time.
    /// - Throws: ``StoreError``.
    package func beginPublication(
        to target: String, collector: Int64, mark: String, after previous: String, at time: Timestamp
    ) throws(StoreError) {
        try write {
            try Self.begin($0, to: target, collector: collector, mark: mark, after: previous, at: time)
        }
    }

    private static func begin(
        _ database: Database, to target: String, collector: Int64, mark: String, after previous: String,
        at time: Timestamp
    ) throws {
        try database.execute(
            sql: """
                INSERT INTO publication (target, collector_id, mark, previous_mark, change_id, published_at)
                VALUES (?, ?, ?, ?, 0, ?)
                ON CONFLICT (target) DO UPDATE SET collector_id = excluded.collector_id, mark = excluded.mark,
                    previous_mark = excluded.previous_mark
                """, arguments: [target, collector, mark, previous, time.secondsSince1970])
        try database.execute(sql: "DELETE FROM forgotten_publication WHERE target = ?", arguments: [target])
    }

    /// Records that the other database has all changes up to one, and removes the changes that nobody needs any more.
    ///
    /// - Throws: ``StoreError``.
    package func endPublication(to target: String, change: Int64, at time: Timestamp) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "UPDATE publication SET change_id = ?, published_at = ? WHERE target = ?",
                arguments: [change, time.secondsSince1970, target])
            try Self.removeUnneededChanges(database)
            try Self.forgetIdlePublications(database, at: time)
        }
    }

    /// Forgets a publication, so that no more changes are recorded for it. Its next run copies everything.
    ///
    /// - Parameters:
    ///   - target: the id of the other database.
    ///   - marks: the marks of one process. If another one has begun an attempt since, nothing is forgotten.
    /// - Throws: ``StoreError``.
    package func forgetPublication(to target: String, marked marks: Set<String>) throws(StoreError) {
        let list = JSONValue.array(marks.sorted().map(JSONValue.string)).text()
        try write {
            try Self.forgetPublications(
                $0, where: "target = ? AND mark IN (SELECT value FROM json_each(?))", [target, list])
        }
    }

    /// How long a publication is kept that has not succeeded again.
    private static var maxIdleSeconds: Int64 { 30 * 86_400 }

    /// Forgets the publications that have not succeeded for 30 days: the changes that are recorded for them would fill
    /// the disk. Every sync does this.
    static func forgetIdlePublications(_ database: Database, at time: Timestamp) throws {
        let limit = time.adding(seconds: -maxIdleSeconds).secondsSince1970
        let isIdle = try Bool.fetchOne(
            database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM publication WHERE published_at < ?)"),
            arguments: [limit])
        if isIdle == true { try forgetPublications(database, where: "published_at < ?", [limit]) }
    }

    /// Forgets publications. Their numbers stay known, because what was published belongs to them.
    private static func forgetPublications(
        _ database: Database, where condition: String, _ arguments: StatementArguments
    ) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO forgotten_publication (target, collector_id)
                SELECT target, collector_id FROM publication WHERE \(condition)
                """, arguments: arguments)
        try database.execute(sql: "DELETE FROM publication WHERE \(condition)", arguments: arguments)
        try removeUnneededChanges(database)
    }

    /// Removes the changes that every publication has; all of them if there is no publication.
    private static func removeUnneededChanges(_ database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM publication_change
                WHERE change_id <= coalesce((SELECT min(change_id) FROM publication), \(Int64.max))
                """)
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
