import Foundation
import Testing

@testable import LeasePublish
@testable import LeaseStore

@Suite("What is published to PostgreSQL, and how it is said")
struct PostgreSQLTests {
    private static let schema = PostgreSQLSchema.steps.joined()

    /// The columns that the schema gives a table.
    private func columns(of table: String) -> Set<String> {
        guard let start = Self.schema.firstRange(of: "CREATE TABLE \(table) (\n")?.upperBound else { return [] }
        let body = Self.schema[start...].prefix(upTo: Self.schema[start...].firstRange(of: "\n);")?.lowerBound ?? start)
        return Set(
            body.split(separator: "\n").compactMap { line in
                let word = line.split(separator: " ").first.map(String.init) ?? ""
                return ["PRIMARY", "UNIQUE", "--"].contains(word) ? nil : word
            })
    }

    @Test("Every published column is in the schema, and every column of the schema is published")
    func columnsAgree() {
        for table in PublishedTable.all {
            #expect(Set(table.columns.map(\.name)) == columns(of: table.name), "\(table.name)")
            #expect(Set(table.key.map(\.name)).isSubset(of: Set(table.columns.map(\.name))))
            #expect(table.columns.contains { $0.name == table.owner })
        }
        let made = Self.schema.split(separator: "\n").filter { $0.hasPrefix("CREATE TABLE ") }.count
        #expect(made == PublishedTable.all.count + 2)
    }

    @Test("The changes of every published table are recorded")
    func changesAreRecorded() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Migrations/v0005_publish.sql")
        let migration = try String(contentsOf: file, encoding: .utf8)
        for table in PublishedTable.all where table.name == table.changes || table.name == "lease_history" {
            for event in ["INSERT", "UPDATE", "DELETE"] {
                let trigger = "AFTER \(event) ON \(table.name) WHEN EXISTS (SELECT 1 FROM publication)"
                #expect(migration.contains(trigger), "\(trigger)")
            }
        }
    }

    @Test("Queries add the collector's offset to the numbers of rows, and to nothing else")
    func queries() throws {
        let table = try #require(PublishedTable.all.first { $0.name == "resource" })
        #expect(
            table.everything(offset: 7)
                == """
                SELECT resource.scope_id + 7, resource.kind, resource.id, resource.name, resource.fields, \
                resource.first_seen_at, resource.gone_before, resource.last_seen_at FROM resource
                """)
        #expect(
            table.keys(after: 3, offset: 7).hasSuffix(
                "SELECT changed.key ->> 0 + 7, changed.key ->> 1, changed.key ->> 2 FROM changed"))
        #expect(table.changed(after: 3, offset: 7).contains("resource.id = changed.key ->> 2"))
        #expect(table.deleteAll(offset: 1 << 32).contains("BETWEEN 4294967296 AND 8589934591"))
    }

    @Test(
        "A password on the command line is refused",
        arguments: [
            "postgresql://me:secret@db/lab", "postgres://me:@db/lab", "postgresql://db/lab?password=secret",
            "host=db password=secret", "host=db PASSWORD = secret",
        ])
    func passwords(_ text: String) {
        #expect(throws: PublishError.self) { try PostgreSQLTarget(text, schema: "leasehold") }
    }

    @Test(
        "Services, URIs and settings are what psql is given",
        arguments: [
            ("leases", "service='leases'"), ("it's \\ here", "service='it\\'s \\\\ here'"),
            ("postgresql://me@db:5433/lab?sslmode=verify-full", "postgresql://me@db:5433/lab?sslmode=verify-full"),
            ("host=db dbname=lab", "host=db dbname=lab"),
        ])
    func targets(_ text: String, _ connection: String) throws {
        #expect(try PostgreSQLTarget(text, schema: "leasehold").connection == connection)
    }

    private static let added = "keepalives_idle=30 keepalives_interval=10 keepalives_count=3 tcp_user_timeout=60000"

    @Test(
        "Silence is noticed, unless the connection or its service says otherwise",
        arguments: [
            ("host=db dbname=lab", "host=db dbname=lab \(added)"),
            ("host = 'my db' keepalives_idle=5", "host = 'my db' keepalives_idle=5 \(added.dropFirst(19))"),
            ("postgresql://db/lab", "postgresql://db/lab?\(added.replacing(" ", with: "&"))"),
            ("postgres://db?a=b&", "postgres://db?a=b&\(added.replacing(" ", with: "&"))"),
            (
                "postgresql://db/lab?keepalives%5Fidle=5&sslmode=require",
                "postgresql://db/lab?keepalives%5Fidle=5&sslmode=require&"
                    + added.dropFirst(19).replacing(" ", with: "&")
            ),
            // The service sets some of it.
            ("slow", "service='slow' keepalives_count=3"), ("fast", "service='fast' \(added)"),
            ("service=slow keepalives_count=9", "service=slow keepalives_count=9"),
            // What a service sets is not known, so nothing is added.
            ("nowhere", "service='nowhere'"), ("ldap", "service='ldap'"),
            // libpq will complain.
            ("host=db dbname='lab", "host=db dbname='lab"), ("host=db dbname", "host=db dbname"),
        ])
    func silence(_ text: String, _ connection: String) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "leasehold-\(UUID().uuidString).conf")
        defer { try? FileManager.default.removeItem(at: file) }
        try """
        # keepalives_count=1
        [ldap]
        ldap://ldap.example.org/ou=services
        [slow]
        host=db
        keepalives_idle = 600
        keepalives_interval=60
        tcp_user_timeout=0
        # keepalives_count=1
        [fast]
        host=db
        [slow]
        keepalives_count=2
        """.write(to: file, atomically: true, encoding: .utf8)
        let environment = ["PGSERVICEFILE": file.path, "PGSYSCONFDIR": "/nowhere"]
        let target = try PostgreSQLTarget(text, schema: "leasehold")
        #expect(target.connection(environment: environment) == connection)
    }

    @Test("A service that a variable names has its say, too")
    func serviceOfEnvironment() throws {
        let target = try PostgreSQLTarget("dbname=lab", schema: "leasehold")
        let environment = ["PGSERVICE": "nowhere", "PGSERVICEFILE": "/nowhere", "PGSYSCONFDIR": "/nowhere"]
        #expect(target.connection(environment: environment) == "dbname=lab")
    }

    @Test("No number of a server's overflows", arguments: [0, 1, 4_294_967_297, -1, .max, .min] as [Int64])
    func collectors(_ number: Int64) {
        let offset = Collector.offset(ofRow: number)
        #expect(offset <= number && Collector.offset(Collector.number(offset)) == offset)
        #expect(Collector.isAmong(offset).hasPrefix("BETWEEN \(offset) AND "))
        #expect(Collector.isAmong(Collector.offset(number)).hasPrefix("BETWEEN "))
    }

    @Test("Names of schemas", arguments: ["", "pg_temp", String(repeating: "x", count: 64), "a\0b"])
    func schemas(_ name: String) {
        #expect(throws: PublishError.self) { try PostgreSQLTarget("leases", schema: name) }
    }

    @Test("Texts and names in SQL")
    func quoting() {
        #expect(SQLText.literal("it's \\ \0") == "'it''s \\ \u{FFFD}'")
        #expect(SQLText.name("my \"leases\"") == "\"my \"\"leases\"\"\"")
    }

    @Test(
        "What psql's complaints mean",
        arguments: [
            (
                2, "psql: error: connection to server at \"db\", port 5432 failed: Connection refused\n\tIs the",
                .unreachable
            ),
            (2, "psql: error: definition of service \"nowhere\" not found", .configuration),
            (2, "psql: error: connection to server failed: fe_sendauth: no password supplied", .refused),
            (2, "psql: error: connection failed: FATAL:  password authentication failed for user \"x\"", .refused),
            (3, "psql:<stdin>:3: ERROR:  permission denied for database lab", .refused),
            (3, "psql:<stdin>:5: ERROR:  canceling statement due to lock timeout", .unreachable),
            (3, "psql:<stdin>:9: ERROR:  relation \"lease\" does not exist", .refused),
            (3, "psql:<stdin>:9: FATAL:  terminating connection due to administrator command", .unreachable),
            (2, "server closed the connection unexpectedly", .unreachable), (15, "", .unreachable),
        ] as [(Int32, String, PublishError.Kind)])
    func complaints(_ status: Int32, _ text: String, _ kind: PublishError.Kind) throws {
        let error = PsqlSession.failure(text, status: status, target: try PostgreSQLTarget("leases", schema: "x"))
        #expect(error.kind == kind, "\(error.message)")
        #expect(!error.message.contains("\n") && !error.message.contains("psql:<stdin>"))
    }
}
