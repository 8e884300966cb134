import Foundation
package import LeaseModel
import LeaseStore
import Synchronization

/// What a run of publishing did.
package struct PublishReport: Sendable, Hashable {
    package enum Mode: String, Sendable {
        /// There was nothing to publish.
        case nothing
        case changes
        /// All rows were copied: the first time, and if one of the two databases was replaced by another copy.
        case everything
    }

    package var mode: Mode
    /// The number of this database in the schema.
    package var collector: Int64
    /// How many rows were copied, by table.
    package var rows: [String: Int]
    /// Why everything was copied although it had been before; `nil` if that is not so.
    package var remark: String?
    package var seconds: Double

    package var leases: Int { rows["lease"] ?? 0 }
    package var allRows: Int { rows.values.reduce(0, +) }
}

/// Keeps a PostgreSQL schema up to date with a database of leases.
///
/// One transaction of PostgreSQL has the rows of one run, the number of the last change that they include, and a random
/// mark. So a run that is interrupted anywhere has either happened or not, and the next one knows which.
package struct PostgreSQLPublisher: Sendable {
    private let databasePath: String
    private let target: PostgreSQLTarget
    private let environment: [String: String]
    private let takesOver: Bool
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - databasePath: the collector's database.
    ///   - target: where to publish to.
    ///   - environment: the variables for psql and libpq.
    ///   - takesOver: whether sites that another collector published may be replaced.
    ///   - now: the clock.
    package init(
        databasePath: String, target: PostgreSQLTarget, environment: [String: String], takesOver: Bool,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.databasePath = databasePath
        self.target = target
        self.environment = environment
        self.takesOver = takesOver
        self.now = now
    }

    /// Publishes what is new. If the task is cancelled, the run is undone.
    ///
    /// - Throws: ``PublishError``.
    package func publish() async throws(PublishError) -> PublishReport {
        let current = Mutex<PsqlSession?>(nil)
        let result: Result<PublishReport, PublishError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // psql may end at any time, and writing to it must not end this process; a thread can see to that.
                let thread = Thread {
                    var blocked = sigset_t()
                    sigemptyset(&blocked)
                    sigaddset(&blocked, SIGPIPE)
                    pthread_sigmask(SIG_BLOCK, &blocked, nil)
                    continuation.resume(returning: run { session in current.withLock { $0 = session } })
                }
                thread.name = "leasehold.publish"
                thread.stackSize = 1 << 20
                thread.start()
            }
        } onCancel: {
            current.withLock { $0 }?.stop()
        }
        return try result.get()
    }

    private func run(_ started: (PsqlSession) -> Void) -> Result<PublishReport, PublishError> {
        do {
            let began = ContinuousClock.now
            let store = try LeaseStore(path: databasePath, access: .writing)
            defer { try? store.close() }
            let session = try PsqlSession(target, environment: environment)
            defer { session.close() }
            started(session)
            var report = try PublishRun(
                store: store, session: session, target: target, takesOver: takesOver, now: now
            ).carryOut()
            report.seconds = (ContinuousClock.now - began) / .seconds(1)
            return .success(report)
        } catch let error as PublishError {
            return .failure(error)
        } catch let error as StoreError {
            return .failure(PublishError(error))
        } catch {
            return .failure(PublishError(kind: .database, message: "\(databasePath) cannot be published: \(error)"))
        }
    }
}

/// One run.
private struct PublishRun {
    let store: LeaseStore
    let session: PsqlSession
    let target: PostgreSQLTarget
    let takesOver: Bool
    let now: @Sendable () -> Timestamp
    /// The mark that PostgreSQL has if this run succeeds.
    private let mark = UUID().uuidString

    /// The mark of a collector that has published nothing yet.
    private static let newMark = "new"

    /// This database's row in PostgreSQL.
    private struct Place {
        /// The number of this database.
        let number: Int64
        /// The last change that is there, and the mark that goes with it.
        let change: Int64
        let mark: String
        /// What this database remembers.
        let publication: Publication?
    }

    init(
        store: LeaseStore, session: PsqlSession, target: PostgreSQLTarget, takesOver: Bool,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.session = session
        self.target = target
        self.takesOver = takesOver
        self.now = now
    }

    func carryOut() throws -> PublishReport {
        let schema = try PostgreSQLSchema.prepare(session, target)
        let isFirst = try store.publication(to: schema)?.marks.isSubset(of: [Self.newMark]) ?? true
        do {
            return try publish(to: schema)
        } catch {
            // Changes would be recorded for nothing: the next run copies everything in any case.
            if isFirst { try? store.forgetPublication(to: schema, marked: [Self.newMark, mark]) }
            throw error
        }
    }

    private func publish(to schema: String) throws -> PublishReport {
        let place = try lockCollector(schema)
        let follows =
            place.publication.map {
                place.mark != Self.newMark && $0.marks.contains(place.mark) && $0.lastChange <= place.change
            } ?? false
        if follows, try store.lastChange() == place.change {
            try session.ask("ROLLBACK;")
            return PublishReport(mode: .nothing, collector: place.number, rows: [:], seconds: 0)
        }
        // If everything is copied, what is there now is no beginning: if this run is cut short, the next one must copy
        // everything, too.
        try store.beginPublication(
            to: schema, collector: place.number, mark: mark, after: follows ? place.mark : Self.newMark, at: now())
        let (rows, last) = try store.publishing { reader in
            (try copy(reader, collector: place.number, after: follows ? place.change : nil), reader.lastChange)
        }
        try session.ask(
            """
            UPDATE collector SET mark = \(SQLText.literal(mark)), change_id = \(last), published_at = now()
            WHERE collector_id = \(place.number);
            COMMIT;
            """)
        try store.endPublication(to: schema, change: last, at: now())
        return PublishReport(
            mode: follows ? .changes : .everything, collector: place.number, rows: rows,
            remark: follows ? nil : remark(place), seconds: 0)
    }

    /// Why everything was copied; `nil` if it is the first time.
    private func remark(_ place: Place) -> String? {
        guard place.mark != Self.newMark else { return nil }
        guard place.publication?.marks.isEmpty == false else {
            return "Everything was copied: \(target.name) had not been published to for a long time."
        }
        return "Everything was copied: this database or \(target.name) is not the one of the last time."
    }

    /// Begins the transaction, and finds this database's row in it, which nobody else changes until its end.
    private func lockCollector(_ schema: String) throws -> Place {
        var lost: Int64?
        for _ in 0..<Self.maxAttempts {
            let known = try store.publication(to: schema)
            let number =
                if let known, known.collector != lost { known.collector } else { try newCollector(schema, lost) }
            guard Collector.numbers.contains(number) else {
                throw PublishError(
                    kind: .data,
                    message: "\(target.name) gave this database the number \(number), which is out of range.")
            }
            try session.ask("BEGIN; SELECT pg_advisory_xact_lock(\(PostgreSQLSchema.lock(target, number + 1)));")
            // Read again: another process may have published before the lock was given.
            let publication = try store.publication(to: schema)
            let row = try session.ask("SELECT change_id || ' ' || mark FROM collector WHERE collector_id = \(number);")
            let words = row.first?.split(separator: " ") ?? []
            let isOurs = publication?.collector == number
            if isOurs, words.count == 2, let change = Int64(words[0]) {
                return Place(number: number, change: change, mark: String(words[1]), publication: publication)
            }
            try session.ask("ROLLBACK;")
            guard isOurs else { continue }
            // The number may have been lost when it had just been given.
            guard lost == nil, takesOver || publication?.marks.isSubset(of: [Self.newMark]) ?? true else { break }
            lost = number
        }
        throw PublishError(
            kind: .data,
            message: """
                Another collector has taken over what \(store.path) published to \(target.name). Publish to another \
                schema with --schema, or take it back with --take-over.
                """)
    }

    /// How often to look for the row at most, if other processes publish for the first time, too.
    private static let maxAttempts = 4

    /// Takes a number for this database, and remembers it.
    ///
    /// - Parameters:
    ///   - schema: the schema's id.
    ///   - lost: the number that PostgreSQL does not know any more; `nil` if there was none.
    /// - Returns: the number; another process's, if that was faster.
    /// - Throws: ``PublishError`` or ``StoreError``.
    private func newCollector(_ schema: String, _ lost: Int64?) throws -> Int64 {
        let answer = try session.ask(
            "INSERT INTO collector (mark, change_id) VALUES ('\(Self.newMark)', 0) RETURNING collector_id;")
        guard let number = answer.first.flatMap({ Int64($0) }) else {
            throw PublishError(kind: .data, message: "\(target.name) gave no number to this database.")
        }
        return try store.adoptCollector(number, of: schema, insteadOf: lost, mark: Self.newMark, at: now())
    }

    // MARK: - Rows

    /// Copies the rows that changed since, or all of them.
    ///
    /// - Returns: how many rows were copied, by table.
    private func copy(_ reader: PublicationReader, collector: Int64, after change: Int64?) throws -> [String: Int] {
        let offset = Collector.offset(collector)
        try takeSites(reader, offset: offset)
        var tables = PublishedTable.all
        if let change {
            let changed = try reader.changedTables(after: change)
            tables.removeAll { !changed.contains($0.changes) }
        }
        var keyed: Set<String> = []
        var rows: [String: Int] = [:]
        for table in tables {
            if let change {
                if keyed.insert(table.changes).inserted {
                    try session.send(table.copyKeys)
                    try reader.copyKeys(of: table, after: change, offset: offset, to: session.send)
                    try session.send("\\.\n" + table.analyzeKeys)
                }
                try session.send(table.deleteChanged)
            } else {
                try session.send(table.deleteAll(offset: offset))
            }
            try session.send(table.copy)
            rows[table.name] = try reader.copy(table, after: change, offset: offset, to: session.send)
            try session.send("\\.\n")
        }
        if tables.contains(where: { $0.name == "site" }) {
            // Of two collectors that come at the same time, the second must see the names of the first.
            try session.send("SELECT pg_advisory_xact_lock(\(PostgreSQLSchema.lock(target, 0)));\n")
            try session.send(distinguishedNames(offset: offset))
        }
        if change == nil { try session.send("ANALYZE \(tables.map(\.name).joined(separator: ", "));\n") }
        // A failure belongs to the statements that were sent, not to what follows.
        try session.ask("")
        return rows
    }

    /// Gives a site another name if another collector's site has the same: whoever comes later is renamed.
    private func distinguishedNames(offset: Int64) -> String {
        """
        UPDATE site SET name = name || ' (' || endpoint || ')'
        WHERE site_id \(Collector.isAmong(offset)) AND EXISTS (
            SELECT 1 FROM site AS other
            WHERE other.name = site.name AND other.site_id NOT \(Collector.isAmong(offset)));

        """
    }

    /// Makes sure that no site of this database is published by another collector.
    private func takeSites(_ reader: PublicationReader, offset: Int64) throws {
        let sites = try reader.sites()
        guard !sites.isEmpty else { return }
        let places = sites.map { "(\(SQLText.literal($0.endpoint)), \(SQLText.literal($0.region)))" }
            .joined(separator: ", ")
        let others = try session.ask(
            """
            SELECT site_id || ' ' || name FROM site WHERE (endpoint, region) IN (\(places))
                AND site_id NOT \(Collector.isAmong(offset));
            """
        ).map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
        guard let first = others.first else { return }
        guard takesOver else {
            throw PublishError(
                kind: .data,
                message: """
                    The site \(first.last ?? "") of \(target.name) is published by another collector. If that one is \
                    gone, replace what it published with --take-over.
                    """)
        }
        for site in others.compactMap({ $0.first.flatMap(Int64.init) }) {
            for table in PublishedTable.all { try session.send(table.delete(site: site)) }
            // A collector without sites is over.
            let other = Collector.offset(ofRow: site)
            let left = try session.ask("SELECT count(*) FROM site WHERE site_id \(Collector.isAmong(other));").first
            guard left == "0" else { continue }
            for table in PublishedTable.all { try session.send(table.deleteAll(offset: other)) }
            try session.ask("DELETE FROM collector WHERE collector_id = \(Collector.number(other));")
        }
    }
}
