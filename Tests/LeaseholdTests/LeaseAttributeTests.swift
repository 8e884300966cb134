import CloudFixtures
import Foundation
import LeaseModel
import Leasehold
import Testing

@Suite("The attributes of a lease")
struct LeaseAttributeTests {
    /// A lease as Blazar returns it.
    static let json: JSONObject = [
        "id": "67bf5bfb", "name": "read", "user_id": "u", "project_id": "p", "status": "ACTIVE",
        "start_date": "2027-01-15T08:00:00.000000", "end_date": "2027-01-15T10:00:00.000000",
        "created_at": "2027-01-15 07:59:30", "updated_at": nil,
        "reservations": [
            ["id": "d", "resource_type": "device", "status": "active", "min": 1],
            ["id": "n", "resource_type": "physical:host", "status": "active", "min": 1, "max": 2],
            ["id": "f", "resource_type": "virtual:floatingip", "status": "active", "amount": 2],
            ["id": "i", "resource_type": "flavor:instance", "status": "active", "amount": 1, "flavor_id": "42"],
            ["id": "w", "resource_type": "network", "status": "active", "network_name": "net\u{1B}[31m"],
        ],
        "events": [["id": "e", "event_type": "start_lease", "status": "DONE", "time": "2027-01-15T08:00:00.000000"]],
    ]

    @Test("A lease needs an end or a duration, but not both")
    func ends() async throws {
        try await LeaseLab.with { lab async throws in
            for (end, duration) in [(nil, nil), (lab.cloud.now, Duration.seconds(60))] as [(Timestamp?, Duration?)] {
                let error = #expect(throws: LeaseholdError.self) {
                    try Lease(name: "x", endsAt: end, duration: duration, manager: lab.manager)
                }
                #expect(error?.code == .invalid)
            }
        }
    }

    @Test("A duration counts from the start, not from now")
    func duration() async throws {
        try await LeaseLab.with { lab async throws in
            let start = lab.cloud.now.adding(seconds: 86_400)
            let later = try Lease(name: "x", startsAt: start, duration: .seconds(3_600), manager: lab.manager)
            #expect(later.endsAt == start.adding(seconds: 3_600))
            #expect(later.draft.endsAt == later.endsAt)
            #expect(later.duration == .seconds(3_600) && later.remaining == .seconds(3_600))
            let now = try Lease(name: "x", duration: .seconds(3_600), manager: lab.manager)
            lab.cloud.advance(600)
            #expect(now.endsAt == lab.cloud.now.adding(seconds: 3_600))
            #expect(now.draft.start == .now && now.startsAt == nil)
        }
    }

    @Test("Before submission a lease has the requested values, and no id")
    func draft() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try Lease(name: "x", duration: .seconds(60), manager: lab.manager)
            try lease.addNodeReservation(amount: 2, nodeType: "compute_skylake")
            try lease.addNodeReservation(nodes: [HardwareNode(name: "nc01")])
            try lease.addDeviceReservation(devices: [HardwareDevice(name: "pi")])
            try lease.addNetworkReservation(networkName: "net")
            try lease.addFlavorReservation(id: "42")
            #expect(lease.id == nil && lease.status == nil && lease.createdAt == nil && lease.events.isEmpty)
            #expect(lease.nodeReservations.map(\.minimumCount) == [2, 1])
            #expect(lease.nodeReservations.allSatisfy { $0.status == .requested && $0.id.isEmpty })
            #expect(lease.deviceReservations.count == 1 && lease.networkReservations.count == 1)
            #expect(lease.flavorReservations.map(\.flavorID) == ["42"])
            #expect(lease.fipReservations.isEmpty)
        }
    }

    @Test("Whole nodes or devices cannot be combined with other arguments")
    func alone() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try Lease(name: "x", duration: .seconds(60), manager: lab.manager)
            #expect(throws: LeaseholdError.self) {
                try lease.addNodeReservation(amount: 1, nodes: [HardwareNode(name: "nc01")])
            }
            #expect(throws: LeaseholdError.self) {
                try lease.addDeviceReservation(machineType: "x", devices: [HardwareDevice(name: "pi")])
            }
            #expect(lease.reservations.isEmpty)
        }
    }

    @Test("A number in a requirement is sent as text, with a warning")
    func numbers() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try Lease(name: "x", duration: .seconds(60), manager: lab.manager)
            let large = try ResourceProperties(parsing: #"[">", "$architecture.smt_size", 40]"#)
            try lease.addReservation(.node(resourceProperties: large))
            #expect(
                lease.draft.reservations.first?["resource_properties"]
                    == #"["and", [">", "$architecture.smt_size", "40"]]"#)
            #expect(lease.warnings.count == 1)
        }
    }

    @Test("A lease from JSON has every attribute, including its events")
    func json() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try Lease(json: Self.json, manager: lab.manager)
            #expect(lease.id == "67bf5bfb" && lease.name == "read" && lease.status == .active)
            #expect(lease.userID == "u" && lease.projectID == "p")
            #expect(lease.startsAt == Timestamp(parsing: "2027-01-15 08:00"))
            #expect(lease.endsAt == Timestamp(parsing: "2027-01-15 10:00"))
            #expect(lease.createdAt == Timestamp(parsing: "2027-01-15 07:59:30"))
            #expect(lease.duration == .seconds(7_200))
            #expect(lease.deviceReservations.map(\.id) == ["d"] && lease.nodeReservations.map(\.id) == ["n"])
            #expect(lease.fipReservations.map(\.id) == ["f"] && lease.flavorReservations.map(\.id) == ["i"])
            #expect(lease.networkReservations.map(\.id) == ["w"])
            #expect(lease.events.map(\.eventType) == ["start_lease"])
            // Reading an attribute sends no request.
            #expect(lab.cloud.asked.isEmpty)
            let error = #expect(throws: LeaseholdError.self) { try Lease(json: ["id": "x"], manager: lab.manager) }
            #expect(error?.message.contains("start_date") == true)
        }
    }

    @Test("The remaining time counts from now in UTC, and is zero once the lease has ended")
    func remaining() async throws {
        try await LeaseLab.with { lab async throws in
            #expect(lab.cloud.now == Timestamp(parsing: "2027-01-15 08:00"))
            let lease = try Lease(json: Self.json, manager: lab.manager)
            #expect(lease.remaining == .seconds(7_200))
            lab.cloud.advance(5_400)
            #expect(lease.remaining == .seconds(1_800))
            lab.cloud.advance(1_800)
            #expect(lease.remaining == .zero)
        }
    }

    @Test("A lease prints completely as escaped text, and as JSON that can be read again")
    func printing() async throws {
        try await LeaseLab.with { lab async throws in
            let lease = try Lease(json: Self.json, manager: lab.manager)
            var printed = ""
            lease.show { printed = $0 }
            for line in [
                "Name: read", "Status: ACTIVE", "Start Date: 2027-01-15T08:00:00Z", "Device Reservations:",
                "ID: f, status: active, amount: 2", "ID: i, status: active, flavor_id: 42, amount: 1",
                #"ID: w, status: active, network_name: net\u{1B}[31m"#,
                "Type: start_lease, time: 2027-01-15T08:00:00Z, status: DONE",
            ] { #expect(printed.contains(line), "\(line) is not in:\n\(printed)") }
            #expect(String(describing: lease) == printed)
            let again = try JSONValue(parsing: lease.description(.json)).objectValue
            #expect(try BlazarLease(json: again ?? [:]) == BlazarLease(json: Self.json))
            let draft = try lab.lease("new")
            #expect(draft.description(.text).contains("ID: N/A"))
            #expect(try JSONValue(parsing: draft.description(.json))["name"] == "new")
        }
    }

    @Test("A timestamp converts to a Foundation date and back")
    func dates() {
        let date = Date(timeIntervalSince1970: 1_800_000_000.75)
        #expect(Timestamp(date) == Timestamp(secondsSince1970: 1_800_000_000))
        #expect(Timestamp(date).date == Date(timeIntervalSince1970: 1_800_000_000))
        #expect(Timestamp(Date(timeIntervalSince1970: -0.5)).secondsSince1970 == -1)
        #expect(Timestamp(Date(timeIntervalSince1970: .infinity)).secondsSince1970 == .max)
        #expect(Timestamp(Date(timeIntervalSince1970: -1e300)).secondsSince1970 == .min)
    }
}
