import CaptureFixtures
import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@Suite("Imported resources, compared with an oracle that keeps every list")
struct ResourcePropertyTests {
    /// The minutes of three members' lists, all different.
    private func looks(_ random: inout SeededRandom) -> [[Int]] {
        var looks: [[Int]] = [[], [], []]
        for minute in 0..<ResourceWorld.minutes - 2 where Int.random(in: 0..<3, using: &random) == 0 {
            looks[Int.random(in: 0..<3, using: &random)].append(minute)
        }
        return looks
    }

    private func members(_ seed: UInt64, _ world: ResourceWorld) throws -> [ResourceMember] {
        var random = SeededRandom(seed: seed &+ 500)
        return try looks(&random).map { minutes in
            var member = try ResourceMember()
            for minute in minutes { try member.read(world, at: minute) }
            return member
        }
    }

    /// A person who has imported all of their databases.
    private func union(_ members: [ResourceMember]) throws -> ResourceMember {
        var all = try ResourceMember()
        for member in members { try all.take(member) }
        return all
    }

    private func expectAgreement(_ member: ResourceMember, _ what: String) throws {
        for (oracle, sql) in [
            (
                member.hosts,
                "SELECT id, fields AS what, first_seen_at, last_seen_at, gone_before FROM resource WHERE kind = 'host'"
            ),
            (
                member.allocations,
                """
                SELECT resource_id, lease_id || ' ' || coalesce(project_id, '') AS what, first_seen_at, last_seen_at,
                    gone_before FROM allocation
                """
            ),
        ] {
            func minute(_ value: JSONValue) -> Int? { value.intValue.map { ($0 - 1_800_000_000) / 60 } }
            let expected = oracle.rows
            var listed: [String: String] = [:]
            var count = 0
            try member.fixture.store.query(sql, columns: { _ in }) { row in
                let id = row[0].stringValue ?? ""
                count += 1
                let known = try #require(expected[id], "\(what): nobody saw \(id)")
                #expect(row[1].stringValue == known.what, "\(what): \(id)")
                #expect(minute(row[2]) == known.first, "\(what): \(id)")
                if let last = minute(row[3]) { #expect(last == known.last, "\(what): \(id)") }
                guard let gone = minute(row[4]) else {
                    listed[id] = row[1].stringValue
                    return
                }
                // Lists without news are dropped, so this may be a later list.
                #expect(gone >= known.next ?? .max && oracle.lists[gone] != nil, "\(what): \(id), \(gone)")
                #expect(row[3] != .null, "\(what): \(id) is gone")
            }
            #expect(listed == oracle.present, "\(what)")
            #expect(count == expected.count, "\(what)")
        }
        let hosts = try member.fixture.store.resources(.host, scopes: nil)
        #expect(Set(hosts.map(\.resource.id)) == Set(member.hosts.present.keys), "\(what)")
        #expect(try member.fixture.store.check().isEmpty, "\(what)")
    }

    @Test(
        "The order and number of imports do not matter; the latest list decides what is listed",
        arguments: 0..<12 as Range<UInt64>)
    func merged(seed: UInt64) throws {
        let world = ResourceWorld(seed: seed)
        let all = try members(seed, world)
        let (forwards, backwards) = (try union(all), try union(all.reversed()))
        var (first, second) = (try union([all[0]]), all[1])
        defer { for member in all + [forwards, backwards, first] { member.fixture.remove() } }
        for (index, member) in all.enumerated() { try expectAgreement(member, "alone \(index)") }
        try expectAgreement(forwards, "forwards")
        #expect(try forwards.rows() == backwards.rows())
        // The second imports the third's before the first imports both.
        try second.take(all[2])
        try expectAgreement(second, "the third into the second")
        try first.take(second)
        #expect(try first.rows() == forwards.rows())
        let dump = try first.fixture.dump()
        for member in [second, all[1], all[2], forwards] { try first.take(member) }
        #expect(try first.fixture.dump() == dump, "repeating the import changes something")
        #expect(try first.rows() == forwards.rows())
        // A database with lists of its own ends up with the same rows.
        var third = all[2]
        try third.take(first)
        try expectAgreement(third, "all into the third")
        #expect(try third.rows(names: false) == forwards.rows(names: false))

        // A list that is read after the imports is the latest, and older lists imported later change nothing.
        let last = ResourceWorld.minutes - 1
        try third.read(world, at: last)
        try expectAgreement(third, "a list after the imports")
        let listed = try third.fixture.store.resources(.host, scopes: nil)
        #expect(listed.allSatisfy { $0.syncedAt == StoreFixture.time(last) })
        var fourth = try ResourceMember()
        defer { fourth.fixture.remove() }
        try fourth.read(world, at: last - 1)
        try third.take(fourth)
        try expectAgreement(third, "an older list after that")
        #expect(try third.fixture.store.resources(.host, scopes: nil) == listed)
    }
}
