import CloudFixtures
import LeaseModel
import Leasehold
import Testing

@Suite("The functions of chi.lease")
struct ChiFunctionTests {
    @Test("Leases are listed, and found by id, name or id prefix, without a request")
    func finding() async throws {
        try await LeaseLab.with { lab async throws in
            for name in ["one", "twin", "twin"] {
                try await lab.lease(name, startsAt: lab.later).submit(waitForActive: false)
            }
            lab.cloud.forget()
            #expect(try lab.manager.listLeases().map(\.name).sorted() == ["one", "twin", "twin"])
            #expect(try lab.manager.listLeases(cloud: "lab").count == 3)
            let one = try #require(try lab.manager.getLease("one"))
            let id = try #require(one.id)
            #expect(try lab.manager.getLease(id)?.name == "one")
            #expect(try lab.manager.getLease(String(id.prefix(8)))?.id == id)
            #expect(try lab.manager.getLease("none") == nil)
            #expect(try lab.manager.getLeaseID("one") == id)
            for (reference, code) in [("twin", LeaseholdError.Code.ambiguous), ("none", .notFound), (id, .notFound)] {
                let error = #expect(throws: LeaseholdError.self) { try lab.manager.getLeaseID(reference) }
                #expect(error?.code == code)
            }
            #expect(throws: LeaseholdError.self) { try lab.manager.getLease("twin") }
            #expect(lab.cloud.asked.isEmpty)
        }
    }

    @Test("The table has python-chi's columns in order, counts nodes instead of reservations, and can be sorted")
    func table() async throws {
        try await LeaseLab.with { lab async throws in
            let active = try Lease(name: "active", duration: .seconds(5_400), manager: lab.manager)
            try active.addReservation(.node(count: 2))
            try await active.submit()
            try await lab.lease("pending", startsAt: lab.later).submit(waitForActive: false)
            try await lab.manager.sync()
            var table = try lab.manager.showLeases()
            #expect(table.rows.map(\.name) == ["pending", "active"])
            let row = try #require(table.rows.last)
            #expect(row.nodes.exact == 2 && row.floatingIPs.exact == 0 && row.totalHours == 1.5)
            #expect(row.user == "user1" && row.project == "project1" && row.isMine)
            #expect(row.remaining.map { $0 <= .seconds(5_400) } == true)
            table.rows.sort { $0.name < $1.name }
            let lines = table.description.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            let titles = lines[0].joined(separator: " ")
            #expect(titles.hasPrefix("Name Status User Project Start End Remaining Total Hours # Nodes # FIPs"))
            #expect(lines[1].prefix(4) == ["active", "ACTIVE", "user1", "project1"])
            #expect(lines[1].contains("1.5"))
            lab.cloud.advance(7_200)
            try await lab.manager.sync()
            #expect(try lab.manager.showLeases().rows.last?.remaining == nil)
            #expect(try lab.manager.showLeases().description.contains("Expired"))
        }
    }

    @available(*, deprecated)
    @Test("The older functions create, await and delete a lease by its name")
    func older() async throws {
        try await LeaseLab.with { lab async throws in
            try await lab.manager.sync()
            var list: [ReservationRequest] = []
            try lab.manager.addNodeReservation(to: &list, nodeName: nil)
            try lab.manager.addFIPReservation(to: &list, count: 1)
            let made = try await lab.manager.createLease(name: "old", reservations: list)
            #expect(made.duration == .seconds(86_400))
            let active = try await lab.manager.waitForActive("old")
            #expect(active.status == .active)
            #expect(try lab.manager.getNodeReservation("old", count: 1) == active.nodeReservations.first?.id)
            let addresses = try await lab.manager.getReservedFloatingIPs("old")
            #expect(addresses.count == 1)
            for get in [
                { try lab.manager.getDeviceReservation("old") },
                { try lab.manager.getNodeReservation("old", count: 7) },
                { try lab.manager.getNodeReservation("old", nodeType: "other") },
            ] {
                let error = #expect(throws: LeaseholdError.self) { _ = try get() }
                #expect(error?.code == .notFound)
                #expect(error?.message.contains("No matching reservation found") == true)
            }
            try await lab.manager.deleteLease("old")
            #expect(lab.names.isEmpty)
            await #expect(throws: LeaseholdError.self) {
                _ = try await lab.manager.createLease(name: "empty", reservations: [])
            }
        }
    }

    @available(*, deprecated)
    @Test("Two matching reservations are ambiguous")
    func ambiguous() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try lab.lease()
            try lease.addReservation(.node())
            try await lease.submit()
            let error = #expect(throws: LeaseholdError.self) { _ = try lab.manager.getNodeReservation("mine") }
            #expect(error?.code == .ambiguous)
            #expect(error?.message.contains("Multiple matching reservations found") == true)
            await #expect(throws: LeaseholdError.self) { _ = try await lab.manager.getReservedFloatingIPs("mine") }
        }
    }

    @available(*, deprecated)
    @Test("The arguments of a creation take a length or an end, and a node type, and make a valid draft")
    func arguments() async throws {
        try await LeaseLab.with { lab async throws in
            let end = lab.cloud.now.adding(seconds: 7_200)
            let error = #expect(throws: LeaseholdError.self) {
                try lab.manager.leaseCreateArgs(name: "x", endsAt: end, length: .seconds(60))
            }
            #expect(error?.code == .invalid)
            let typed = try lab.manager.leaseCreateNodetype(nodeType: "gpu", endsAt: end, networks: 1)
            let nodes = typed.json["reservations"]?.arrayValue?.first
            #expect(nodes?["resource_properties"] == #"["==", "$node_type", "gpu"]"#)
            #expect(typed.json["name"]?.stringValue?.isEmpty == false)
            #expect(typed.json["end"] == .string(end.blazarRequest))
            let plain = try lab.manager.leaseCreateArgs(name: "plain", nodeResourceProperties: nil)
            let made = try await lab.manager.create(plain.draft)
            #expect(made.lease?.lease.name == "plain", "\(made)")
        }
    }
}

extension LeaseLab {
    /// A start far enough ahead to stay pending.
    var later: Timestamp { cloud.now.adding(seconds: 36_000).truncatedToMinute }
}
