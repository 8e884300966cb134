import Foundation
import LeaseModel
import LeaseStore
import LeaseText
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("The commands that answer from the database")
struct ReadingCommandTests {
    /// The output of each command: the name of the golden file, and the command line.
    static let goldenCases: [(file: String, line: [String])] = [
        ("list.txt", ["list", "-a"]),
        ("list.json", ["list", "-a", "-f", "json"]),
        ("list.csv", ["list", "--deleted", "-f", "csv"]),
        ("list.yaml", ["list", "-a", "--name", "addr*", "-f", "yaml"]),
        (
            "list-columns.txt",
            ["list", "-a", "-c", "name,end_date", "-c", "status", "--sort", "-end_date", "--sort", "name"]
        ),
        ("list-on.txt", ["list", "--on", "2027-01-15 08:05", "-c", "name,status,held,end_date,ending", "--deleted"]),
        ("list-on.json", ["list", "--on", "2027-01-15 08:05", "--name", "gone", "-f", "json"]),
        ("list-as-known-at.txt", ["list", "--as-known-at", "2027-01-15 08:07", "--sort", "name"]),
        ("list-as-known-at.csv", ["list", "--as-known-at", "2027-01-15 08:02", "--status", "pending", "-f", "csv"]),
        ("show-at.txt", ["show", "night-2", "--at", "2027-01-15 08:05", "-c", "name,status,remaining,synced_at"]),
        ("show.txt", ["show", "night-2"]),
        ("show.json", ["show", "night-2", "-f", "json"]),
        ("show-gone.txt", ["show", "gone", "-c", "name,status,deleted,deleted_after,deleted_before"]),
        ("reservations.txt", ["reservations"]),
        ("reservations.json", ["reservations", "addresses", "-f", "json"]),
        ("history.txt", ["history", "night-2"]),
        ("history-states.csv", ["history", "gone", "--states", "-f", "csv"]),
        ("changes.txt", ["changes", "--since", "1h"]),
        ("changes.json", ["changes", "--since", "2027-01-15 08:10", "-f", "json"]),
        ("hosts.txt", ["hosts"]),
        ("hosts.json", ["hosts", "-f", "json"]),
        ("devices.txt", ["devices"]),
        ("flavors.txt", ["flavors"]),
        ("sites.txt", ["sites"]),
        ("sites.json", ["sites", "-f", "json"]),
        ("status.txt", ["status"]),
        ("status.json", ["status", "-f", "json"]),
        (
            "db-sql.txt",
            [
                "db", "sql",
                "SELECT name, status AS state, status AS state, min FROM v_lease JOIN "
                    + "(SELECT lease_id, min FROM v_reservation) ON lease_id = id ORDER BY name",
            ]
        ),
    ]

    /// Only the parts of leases that the requested columns need are read, so each column is compared with the whole list.
    @Test("list shows the same values whichever columns are requested", arguments: [false, true])
    func columnAlone(isSorted: Bool) async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        try fixture.useCloud()
        for line in [
            ["update", "night-2", "--name", "later"], ["create", "draft", "--duration", "1d", "--node", "1"],
        ] {
            #expect(try await fixture.run(line + ["--offline"]).status == .success)
        }
        func list(_ options: [String] = []) async throws -> [JSONValue] {
            let result = try await fixture.run(["list", "--deleted", "-f", "json"] + options)
            return try #require(result.json?.arrayValue)
        }
        let all = try await list()
        #expect(all.count > 4)
        for key in LeaseRow.columns.map(\.key) {
            let sort = isSorted ? ["--sort", key] : []
            let alone = try await list(sort + ["-c", "id", "-c", key])
            let whole = isSorted ? try await list(sort) : all
            #expect(
                alone == whole.map { row in .object(JSONObject(["id", key].map { ($0, row[$0] ?? .null) })) }, "\(key)")
        }
    }

    @Test("write the expected text", arguments: goldenCases.map(\.file))
    func golden(file: String) async throws {
        let line = try #require(Self.goldenCases.first { $0.file == file }).line
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let result = try await fixture.run(line)
        #expect(result.status == .success)
        let remarks = result.errors.isEmpty ? "" : "--- standard error\n" + result.errors
        try CommandFixture.expect(result.output + remarks, equals: file)
    }

    @Test("print an id and nothing else")
    func id() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let result = try await fixture.run("id", "night-2")
        #expect(result.output == "b\n")
        #expect(result.errors.isEmpty)
        #expect(try await fixture.run("id", "gone").output == "e\n")
    }

    @Test(
        "pass on every filter",
        arguments: [
            ("--status active", "b"), ("--status ACTIVE,terminated", "b c"),
            ("--status active --status pending", "a b d z"),
            ("--project p1", "a b c d"), ("--user ada", "d"), ("--name night-?", "a b"), ("--type fip", "c"),
            ("--type node,fip", "a b c d z"), ("--node-type gpu", "d"), ("--resource node-7", "b"),
            ("--active-at now", "a b d z"), ("--active-at +30min", "a d z"), ("--from +10min", "a c d z"),
            ("--to 2027-01-15T08:30:00Z", "a b d z"), ("--mine", "a b c z"), ("--deleted", "a b c d e z"),
            ("--os-cloud beta", "z"), ("--os-cloud beta --os-cloud alpha", "a b c d z"),
            ("--os-cloud all", "a b c d z"),
        ])
    func filters(options: String, found: String) async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let line = ["list", "-a", "-c", "id", "-f", "value"] + options.split(separator: " ").map(String.init)
        let result = try await fixture.run(line)
        #expect(result.lines.sorted().joined(separator: " ") == found)
        #expect(result.errors.isEmpty, "remarks are for tables")
    }

    @Test("read the cloud that OS_CLOUD names, if it has been synced")
    func environmentCloud() async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        fixture.environment = ["OS_CLOUD": "beta"]
        #expect(try await fixture.run("list", "-a", "-c", "id", "-f", "value").output == "z\n")
        #expect(try await fixture.run("list", "-a", "--os-cloud", "alpha", "-c", "id", "-f", "value").lines.count == 4)
        fixture.environment = ["OS_CLOUD": "never"]
        #expect(try await fixture.run("list", "-a", "-c", "id", "-f", "value").lines.count == 5)
    }

    @Test("show times in the user's zone in tables and in UTC elsewhere, and name the zone")
    func zones() async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        fixture.zone = berlin
        let table = try await fixture.run("list", "--name", "night-2", "-c", "end_date")
        #expect(table.output.contains("2027-01-15 09:15"))
        #expect(table.errors.contains("Times are in Europe/Berlin (UTC+1)."))
        #expect(table.errors.contains("alpha: read 2 min ago (Fri 15 Jan 09:10)"))
        let quiet = try await fixture.run("list", "--name", "night-2", "-c", "end_date", "--utc", "-q")
        #expect(quiet.output.contains("2027-01-15 08:15"))
        #expect(quiet.errors.isEmpty)
        let value = try await fixture.run("list", "--name", "night-2", "-c", "end_date", "-f", "value")
        #expect(value.output == "2027-01-15T08:15:00Z\n")
        let found = try await fixture.run("list", "--active-at", "2027-01-15 09:30", "-c", "id", "-f", "value")
        #expect(found.lines.sorted() == ["a", "d", "z"])
    }

    @Test("show any time that a damaged database may contain")
    func extremes() async throws {
        let fixture = try CommandFixture(filled: false)
        defer { fixture.remove() }
        let ends: [(Int64, Int64)] = [(.min, .max), (.min, .min + 1), (.max - 1, .max), (0, .max)]
        let leases = ends.enumerated().map { number, span in
            var lease = StoreFixture.lease("a\(number)", status: .active)
            lease.startsAt = Timestamp(secondsSince1970: span.0)
            lease.endsAt = Timestamp(secondsSince1970: span.1)
            lease.createdAt = Timestamp(secondsSince1970: span.1)
            return lease
        }
        try fixture.mirror.pull(leases, at: 0)
        try fixture.mirror.pull(leases.map { Self.shortened($0) }, at: 5)
        for line in [
            "list", "list --sort -hours", "show a0", "show a2", "history a1", "changes --since 1d", "status", "sites",
            "report expiring", "report expiring --within 1000w", "report extensions", "report lead-time",
            "report coverage", "export ical",
        ] {
            let result = try await fixture.run(line.split(separator: " ").map(String.init))
            #expect(result.status == .success, "\(line): \(result.errors)")
        }
        let dates = try await fixture.run("show", "a0", "-c", "start_date", "-c", "end_date", "-f", "value")
        #expect(dates.lines == ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
    }

    private static func shortened(_ lease: BlazarLease) -> BlazarLease {
        var lease = lease
        lease.endsAt = lease.endsAt.adding(seconds: -1)
        return lease
    }

    @Test("report a failed attempt since the last sync")
    func failedAttempt() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let run = try fixture.mirror.store.beginRun(cloud: "alpha", scope: 1, at: StoreFixture.time(11))
        try fixture.mirror.store.endRun(
            run, outcome: .failed, message: "no", requestID: nil, counts: SyncCounts(), at: StoreFixture.time(11))
        let result = try await fixture.run("list")
        #expect(
            result.errors.contains(
                "alpha: read 2 min ago (Fri 15 Jan 08:10); the last attempt, 1 min ago, failed"))
        #expect(try await fixture.run("sites", "-f", "value", "-c", "last_outcome").lines == ["failed", "complete"])
    }

    @Test("select hosts by their properties")
    func properties() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        func names(_ property: String) async throws -> [String] {
            try await fixture.run("hosts", "--property", property, "-c", "name", "-f", "value").lines
        }
        #expect(try await names("node_type=compute_skylake") == ["node-7"])
        #expect(try await names("reservable=true") == ["node-7"])
        #expect(try await names("node_type=gpu").isEmpty)
        #expect(try await fixture.run("hosts", "--property", "gpu").status == .usage)
    }

    @Test("make names safe on a terminal and in a spreadsheet")
    func hostileNames() async throws {
        let fixture = try CommandFixture(filled: false)
        defer { fixture.remove() }
        try fixture.mirror.pull(
            [
                StoreFixture.lease("a", name: "\u{1B}[31mred\u{7}\nnext"),
                StoreFixture.lease("b", name: "=cmd|' /C calc'!A0"),
            ], at: 0)
        for line in [["list"], ["show", "a"], ["list", "-f", "value"], ["history", "a"]] {
            let result = try await fixture.run(line)
            #expect(!result.output.contains("\u{1B}") && !result.output.contains("\u{7}"), "\(line)")
        }
        let csv = try await fixture.run("list", "-c", "name", "-f", "csv", "--spreadsheet-safe")
        #expect(csv.output.contains("'=cmd"))
        #expect(try await fixture.run("list", "-c", "name", "-f", "csv").output.contains("\n=cmd"))
        let json = try await fixture.run("list", "-c", "name", "-f", "json")
        #expect(
            json.json?.arrayValue?.compactMap { $0["name"]?.stringValue }.contains("\u{1B}[31mred\u{7}\nnext") == true)
    }
}

@Suite("The commands for maintaining the database")
struct DatabaseCommandTests {
    @Test("say where it is and that it is sound, and copy it")
    func upkeep() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        #expect(try await fixture.run("db", "path").output == fixture.mirror.path + "\n")
        #expect(try await fixture.run("db", "path", "--db", "/x/y").output == "/x/y\n")
        let check = try await fixture.run("db", "check")
        #expect(check.status == .success)
        #expect(check.output.hasPrefix("ok: schema "))
        let backup = try await fixture.run("db", "backup", "copy.sqlite")
        #expect(backup.status == .success)
        #expect(backup.errors == "Copied to copy.sqlite.\n")
        let copy = fixture.mirror.folder.path + "/copy.sqlite"
        #expect(try await fixture.run("id", "night-1", "--db", copy).output == "a\n")
        #expect(try await fixture.run("db", "backup", "copy.sqlite").status == .cannotOpen)
    }

    @Test("run only statements that read")
    func query() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let csv = try await fixture.run("db", "sql", "SELECT count(*) AS n FROM v_lease", "-f", "csv")
        #expect(csv.output == "n\n6\n" || csv.output == "n\r\n6\r\n")
        #expect(try await fixture.run("db", "sql", "DELETE FROM lease").status == .data)
        let wrong = try await fixture.run("db", "sql", "SELECT", "-f", "json")
        #expect(wrong.status == .data)
        #expect(wrong.errorJSON?["error"]?["message"]?.stringValue?.hasPrefix("SQLite says: ") == true)
    }

    @Test("report damage")
    func damage() async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        let path = fixture.mirror.folder.path + "/damaged.sqlite"
        try fixture.mirror.store.backUp(to: path)
        let file = try FileHandle(forUpdating: URL(filePath: path))
        // SQLite did not write this page, whichever it is.
        try file.seek(toOffset: 8 * 4_096)
        try file.write(contentsOf: Data(repeating: 0x5A, count: 4_096))
        try file.close()
        fixture.environment["LEASEHOLD_DB"] = path
        let result = try await fixture.run("db", "check")
        #expect(result.status == .cannotOpen)
        #expect(result.errors.contains("damaged"))
        let doctor = try await fixture.run("doctor", "-f", "value", "-c", "subject", "-c", "verdict")
        #expect(doctor.status == .failure)
    }
}
