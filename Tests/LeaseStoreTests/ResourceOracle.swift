import CaptureFixtures
import LeaseModel
import LeaseStore
import MirrorFixtures

/// Hosts that come, change and go, and their allocations.
struct ResourceWorld {
    private(set) var lists: [(hosts: [CatalogResource], allocations: [Allocation])] = []

    static let minutes = 40

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var hosts: [String: Int] = [:]
        var held: [String: Int] = [:]
        for minute in 0..<Self.minutes {
            for host in ["h0", "h1", "h2", "h3"] where Int.random(in: 0..<9, using: &random) == 0 {
                hosts[host] = Bool.random(using: &random) ? minute : nil
            }
            for host in hosts.keys.sorted() where Int.random(in: 0..<7, using: &random) == 0 {
                held[host] = Bool.random(using: &random) ? minute : nil
            }
            lists.append(
                (
                    hosts.sorted { $0.key < $1.key }.map { host, since in
                        CatalogResource(
                            kind: .host, id: host, name: since % 3 == 0 ? nil : "\(host)-\(since)",
                            fields: ["id": .string(host), "since": JSONValue(since)])
                    },
                    held.sorted { $0.key < $1.key }.map { host, since in
                        Allocation(
                            resourceKind: .host, resourceID: host, reservationID: "r", leaseID: "lease-\(since)",
                            startsAt: StoreFixture.time(since), endsAt: StoreFixture.time(since + 60),
                            projectID: since % 2 == 0 ? nil : "p\(since)")
                    }
                ))
        }
    }
}

/// Keeps every list that anybody read, and answers from all of them.
struct ResourceOracle {
    /// The complete lists of a kind, by minute: the content of each row, by its id.
    private(set) var lists: [Int: [String: String]] = [:]

    mutating func note(_ list: [String: String], at minute: Int) { lists[minute] = list }

    mutating func form(_ other: ResourceOracle) { lists.merge(other.lists) { first, _ in first } }

    /// The listed rows: those of the latest list.
    var present: [String: String] { lists.keys.max().flatMap { lists[$0] } ?? [:] }

    /// For each row: when it was first and last listed, its content then, and the next list after that.
    var rows: [String: (first: Int, last: Int, what: String, next: Int?)] {
        var rows: [String: (first: Int, last: Int, what: String, next: Int?)] = [:]
        for (minute, list) in lists.sorted(by: { $0.key < $1.key }) {
            for (id, what) in list { rows[id] = (rows[id]?.first ?? minute, minute, what, nil) }
            for (id, row) in rows where row.last < minute && row.next == nil { rows[id]?.next = minute }
        }
        return rows
    }
}

/// A person with a database, who reads complete lists of hosts and allocations.
struct ResourceMember {
    let fixture: StoreFixture
    var hosts = ResourceOracle()
    var allocations = ResourceOracle()

    init() throws { fixture = try StoreFixture() }

    mutating func read(_ world: ResourceWorld, at minute: Int) throws {
        let list = world.lists[minute]
        try fixture.store.apply(
            [
                ObservedResources(
                    kind: .host, outcome: .listed, resources: list.hosts, allocations: list.allocations),
                ObservedResources(
                    kind: .user, outcome: .listed,
                    resources: [CatalogResource(kind: .user, id: "u7", name: "name-\(minute / 10)")]),
            ], scope: fixture.scope.id, at: StoreFixture.time(minute))
        hosts.note(
            Dictionary(uniqueKeysWithValues: list.hosts.map { ($0.id, JSONValue.object($0.fields).text()) }),
            at: minute)
        allocations.note(
            Dictionary(
                uniqueKeysWithValues: list.allocations.map { ($0.resourceID, "\($0.leaseID) \($0.projectID ?? "")") }),
            at: minute)
    }

    mutating func take(_ other: ResourceMember) throws {
        hosts.form(other.hosts)
        allocations.form(other.allocations)
        try take(other.fixture)
    }

    func take(_ other: StoreFixture) throws {
        _ = try fixture.store.importHistory(
            [ImportSource(file: "other", content: .database(other.store, scopes: nil))], isTrial: false,
            now: StoreFixture.time(1_000)
        ) { _ in }
    }

    /// Everything known besides leases, with the values derived from it.
    func rows(names: Bool = true) throws -> [String] {
        let kinds = names ? "" : "WHERE kind NOT IN ('user', 'project')"
        return try fixture.rows(
            """
            SELECT kind, id, name, fields, gone_before, last_seen_at FROM v_resource \(kinds) ORDER BY 1, 2
            """)
            + fixture.rows("SELECT * FROM v_allocation ORDER BY kind, resource_id")
            + fixture.rows("SELECT kind, listed_at FROM resource_listing \(kinds) ORDER BY 1, 2")
    }
}

extension StoreFixture {
    /// The rows of a statement.
    func rows(_ sql: String) throws -> [String] {
        var found: [String] = []
        try store.query(sql, columns: { _ in }) { found.append(JSONValue.array($0).text()) }
        return found
    }
}
