import Foundation
import GRDB
import LeaseModel
import MirrorFixtures
import Synchronization
import Testing

@testable import LeaseStore

@Suite("The usage of leases, read as a stream")
struct UsageTests {
    private func holdings(
        _ fixture: StoreFixture, _ filter: LeaseFilter = everything, detail: UsageDetail = .names
    ) throws -> [LeaseUsage] {
        var found: [LeaseUsage] = []
        try fixture.store.usage(filter, detail: detail) { found.append($0) }
        return found.sorted { $0.id < $1.id }
    }

    private static var everything: LeaseFilter {
        var filter = LeaseFilter()
        filter.includesRemoved = true
        return filter
    }

    @Test("agrees with the leases themselves")
    func agreement() throws {
        let fixture = try StoreFixture.filled()
        defer { fixture.remove() }
        let leases = try fixture.store.leases(Self.everything).map { lease in
            var holding = LeaseUsage(lease)
            holding.events = []
            return holding
        }
        #expect(try holdings(fixture) == leases.sorted { $0.id < $1.id })
        #expect(leases.contains { $0.removal != nil })
        #expect(leases.contains { $0.reservations.contains { $0.allocated == 1 } })
    }

    @Test("includes flavors and devices if requested")
    func kinds() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        func reservation(_ id: String, _ type: ResourceType, _ properties: JSONValue?) -> Reservation {
            // The listed flavor is the one that Blazar made.
            var fields: JSONObject = ["amount": 1, "flavor_id": .string(id)]
            if let properties { fields["resource_properties"] = properties }
            return Reservation(id: id, resourceType: type, status: .active, fields: fields)
        }
        let flavor = #"{"id": "5462abda", "name": "m1.small", "ram": 2048}"#
        let machine = #"["==", "$machine_name", "raspberrypi4-64"]"#
        var lease = StoreFixture.lease("a")
        lease.reservations += [
            reservation("r1", .flavor, .string(flavor)), reservation("r2", .device, .string(machine)),
            reservation("r3", .flavor, .string(machine)), reservation("r4", .device, .string(flavor)),
            reservation("r5", .flavor, ["name": "no text"]), reservation("r6", .device, nil),
            reservation("r7", .instance, .string(machine)), reservation("r8", .flavor, "{"),
            reservation("r9", .flavor, .string(flavor)),
        ]
        try fixture.pull([lease], at: 0)
        func kinds(_ leases: [LeaseUsage]) -> [String: Int] {
            Dictionary(leases.flatMap(\.reservations).map { ("\($0.resourceType) \($0.kind ?? "-")", 1) }) { $0 + $1 }
        }
        let found = kinds(try holdings(fixture, detail: [.names, .kinds]))
        #expect(
            found == [
                "physical:host compute_skylake": 1, "flavor:instance m1.small": 2, "device raspberrypi4-64": 1,
                "flavor:instance -": 3, "device -": 2, "virtual:instance -": 1,
            ])
        #expect(found == kinds(try fixture.store.leases(Self.everything).map(LeaseUsage.init)))
        #expect(try holdings(fixture).flatMap(\.reservations).allSatisfy { $0.flavorOrMachine == nil })
    }

    @Test("includes earlier states and start and end events if requested")
    func details() throws {
        let fixture = try StoreFixture.filled()
        defer { fixture.remove() }
        let found = try holdings(fixture, detail: [.names, .states, .events])
        let b = try #require(found.first { $0.id == "b" })
        #expect(b.earlierStates.map(\.status) == [.pending])
        #expect(b.earlierStates.map(\.observedUntil) == [StoreFixture.time(10)])
        #expect(b.events.map(\.eventType) == ["start_lease"])
        let gone = try #require(found.first { $0.id == "e" })
        #expect(gone.earlierStates.map(\.isGone) == [false])
        #expect(try holdings(fixture).allSatisfy { $0.earlierStates.isEmpty && $0.events.isEmpty })
    }

    @Test(
        "has the project name heard last at the site",
        arguments: [[1, 2, 3], [3, 1, 2], [2, 3, 1]])
    func renamed(minutes: [Int]) throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        for minute in minutes {
            var identity = StoreFixture.identity()
            identity.projectName = "name \(minute)"
            let scope = try fixture.store.scope(for: identity, at: StoreFixture.time(minute))
            try fixture.pull([StoreFixture.lease("a")], at: minute, scope: scope)
        }
        #expect(try holdings(fixture).map(\.projectName) == ["name 3"])
        #expect(try fixture.store.leases(Self.everything).allSatisfy { $0.projectName == "name 3" })
    }

    @Test("omits reservations of other types, but not leases without any")
    func filters() throws {
        let fixture = try StoreFixture.filled()
        defer { fixture.remove() }
        var mixed = StoreFixture.lease("m", to: 15)
        mixed.reservations.append(
            Reservation(id: "r-m2", resourceType: .floatingIP, status: .pending, fields: ["amount": 3]))
        var bare = StoreFixture.lease("n", to: 15)
        bare.reservations = []
        let known = try fixture.store.leases(LeaseFilter()).map(\.lease).filter { $0.projectID == "p1" }
        try fixture.pull(known + [mixed, bare], at: 11)
        #expect(try holdings(fixture).first { $0.id == "m" }?.reservations.count == 2)
        #expect(try holdings(fixture).first { $0.id == "n" }?.reservations == [])
        var filter = Self.everything
        filter.resourceTypes = [.floatingIP]
        let found = try holdings(fixture, filter)
        #expect(found.map(\.id) == ["c", "m"])
        #expect(found.map { $0.reservations.map(\.amount) } == [[2], [3]])
    }

    @Test("ignores counts that are not numbers")
    func strangeCounts() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        var lease = StoreFixture.lease("x")
        lease.reservations[0].fields["min"] = "many"
        lease.reservations[0].fields["max"] = 4
        try fixture.pull([lease], at: 0)
        let reservation = try #require(try holdings(fixture).first?.reservations.first)
        #expect(reservation.minimum == nil)
        #expect(reservation.maximum == 4)
    }

    @Test("is the same with any number of threads", arguments: 1...4)
    func threads(readers: Int) throws {
        let fixture = try StoreFixture.filled()
        defer { fixture.remove() }
        let many = (0..<200).map { StoreFixture.lease("many-\($0)", to: 15 + $0) }
        let known = try fixture.store.leases(LeaseFilter()).map(\.lease).filter { $0.projectID == "p1" }
        try fixture.pull(known + many, at: 11)
        try fixture.pull(known + many.dropLast(50), at: 12)
        for types in [[], [ResourceType.floatingIP]] {
            var filter = Self.everything
            filter.resourceTypes = Set(types)
            let detail: UsageDetail = [.names, .states, .events]
            let reported = Mutex(0)
            let parts = try fixture.store.usage(
                filter, detail: detail, from: [LeaseUsage](), readers: readers,
                progress: { count in reported.withLock { $0 += count } }, add: { $0.append($1) })
            #expect(parts.count == readers)
            let found = parts.joined().sorted { $0.id < $1.id }
            #expect(found == (try holdings(fixture, filter, detail: detail)))
            #expect(found.count == (types.isEmpty ? known.count + 202 : 1))
            #expect(reported.withLock { $0 } == found.count)
        }
    }

    @Test("finds reservations after many leases that do not match")
    func sparse() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        let leases = (0..<120).map { number in
            StoreFixture.lease(
                "\(1_000 + number)", project: number % 50 == 7 ? "p2" : "p1", nodeType: "type-\(number)")
        }
        try fixture.pull(leases, at: 0)
        var filter = Self.everything
        filter.project = "p2"
        let found = try holdings(fixture, filter)
        #expect(found.map(\.id) == ["1007", "1057", "1107"])
        #expect(found.map { $0.reservations.map(\.nodeType) } == [["type-7"], ["type-57"], ["type-107"]])
    }

    @Test(
        "is divided into contiguous ranges, whatever the keys",
        arguments: [0...0, 1...1_000, Int64.min...Int64.max, -5...(-4), Int64.max - 3...Int64.max])
    func stretches(keys: ClosedRange<Int64>) {
        for count in [1, 2, 7, 64] {
            let stretches = LeaseStore.stretches(keys, count)
            #expect(stretches.first?.lowerBound == .min)
            #expect(stretches.last?.upperBound == .max)
            for (one, next) in zip(stretches, stretches.dropFirst()) {
                #expect(one.upperBound &+ 1 == next.lowerBound)
            }
        }
        #expect(LeaseStore.stretches(1...1_000, 4).map(\.upperBound) == [250, 499, 748, .max])
    }

    @Test("comes from one state of the database for all threads, while another connection writes")
    func oneState() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        try fixture.store.write { try $0.execute(sql: "CREATE TABLE counter AS SELECT 0 AS value") }
        let isDone = Mutex(false)
        let writes = Mutex(0)
        // A thread of its own, since a task might not run until everything has been read.
        let writer = Thread {
            while !isDone.withLock({ $0 }) {
                try? fixture.store.write { try $0.execute(sql: "UPDATE counter SET value = value + 1") }
                writes.withLock { $0 += 1 }
            }
        }
        writer.start()
        defer { isDone.withLock { $0 = true } }
        while writes.withLock({ $0 }) == 0 { Thread.sleep(forTimeInterval: 0.001) }
        var begun = 0
        for _ in 0..<60 {
            let readers = try ParallelReaders(path: fixture.path, count: 3)
            defer { readers.close() }
            guard try readers.begin() else { continue }
            begun += 1
            for _ in 0..<3 {
                let values = try readers.map { try Int.fetchOne($0, sql: "SELECT value FROM counter") }
                #expect(Set(values).count == 1)
            }
        }
        #expect(begun > 0)
    }
}
