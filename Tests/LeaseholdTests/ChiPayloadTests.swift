import Foundation
import LeaseModel
import LeaseStore
import Leasehold
import MirrorFixtures
import Testing

/// What python-chi 1.2.10 sent or refused for the same arguments.
struct ChiCase: Sendable, CustomStringConvertible {
    let number: Int
    let json: JSONObject
    var call: String { json["call"]?.stringValue ?? "" }
    var description: String { "\(number): \(call) \((json["args"] ?? json["adds"])?.text() ?? "")" }

    static let all: [ChiCase] = {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/chi/chi-payloads.json").path
        let bytes = FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
        let list = (try? JSONValue(parsing: bytes))?.arrayValue ?? []
        return list.compactMap(\.objectValue).enumerated().map { ChiCase(number: $0, json: $1) }
    }()
}

@Suite("The payloads of python-chi")
struct ChiPayloadTests {
    @Test("All of them are there") func count() { #expect(ChiCase.all.count == 401) }

    // One database per function: opening one for every case would take most of the time.
    @available(*, deprecated)
    @Test(
        "Each one is created or refused alike",
        arguments: [
            "add_node_reservation", "add_device_reservation", "add_fip_reservation", "add_network_reservation", "Lease",
            "lease_create_args", "lease_duration",
        ])
    func payloads(_ function: String) throws {
        let cases = ChiCase.all.filter { $0.call == function }
        let recordedAt = cases.first?.json["now"]?.stringValue.flatMap(Timestamp.init(parsing:))
        let caller = try ChiCaller(now: recordedAt)
        defer { caller.fixture.remove() }
        #expect(!cases.isEmpty)
        for given in cases { try check(given, caller) }
    }

    @available(*, deprecated)
    private func check(_ given: ChiCase, _ caller: ChiCaller) throws {
        if let message = given.json["message"]?.stringValue {
            let error = #expect(throws: LeaseholdError.self, "\(given)") { try caller.call(given) }
            #expect(error?.code == .invalid)
            let words = try #require(Self.words[message], "no words for: \(message)")
            for word in words { #expect(error?.message.contains(word) == true, "\(given): \(error?.message ?? "")") }
            return
        }
        let expected = try #require(given.json["payload"] ?? given.json["result"])
        let made = try caller.call(given)
        #expect(made == expected, "\(given)")
        // Equal JSON may still contain different text.
        #expect(Self.properties(made) == Self.properties(expected), "\(given)")
    }

    /// The words that a refusal must contain, by python-chi's message.
    static let words = [
        "If node name is specified, no other resource constraint can be specified": [
            "node_name is specified", "no other resource constraint",
        ],
        "Cannot reserve multiple devices if device_name is a constraint.": [
            "device_name is a constraint", "multiple devices cannot be reserved",
        ],
        "stitch_provider must be 'fabric' or None": ["stitch_provider must be 'fabric' or left out"],
        "usage_type must be 'storage' or None": ["usage_type must be 'storage' or left out"],
        "You must specify amount and either node_type or node_name": [
            "specify an amount", "either node_type or node_name",
        ],
        "You must specify exactly one of id or name": ["specify exactly one of id and name"],
    ]

    private static func properties(_ value: JSONValue) -> [String?] {
        (value["reservations"] ?? value).arrayValue?.map { $0["resource_properties"]?.stringValue } ?? []
    }
}

/// Calls the library's functions by python-chi's names and arguments.
struct ChiCaller {
    let fixture: StoreFixture
    let manager: LeaseManager

    /// Makes a database with the network and the flavor that the recorded calls found.
    init(now: Timestamp?) throws {
        fixture = try StoreFixture()
        let network: JSONObject = [
            "id": "11111111-2222-3333-4444-555555555555", "name": "public", "router:external": true,
        ]
        let flavor: JSONObject = ["id": "flavor-id-of-m1.large", "name": "m1.large"]
        let catalog: [(ResourceKind, JSONObject)] = [(.network, network), (.flavor, flavor)]
        try fixture.store.apply(
            catalog.map { kind, json in
                let resource = CatalogResource(kind: kind, json: json)
                return ObservedResources(kind: kind, outcome: .listed, resources: resource.map { [$0] } ?? [])
            }, scope: fixture.scope.id, at: StoreFixture.time(0))
        let configuration = LeaseManager.Configuration(
            databasePath: fixture.path, environment: [:], currentDirectory: fixture.folder.path,
            homeDirectory: fixture.folder.path, now: { now ?? StoreFixture.time(0) })
        manager = try LeaseManager(configuration, access: .reading)
    }

    @available(*, deprecated)
    func call(_ given: ChiCase) throws -> JSONValue {
        let arguments = Arguments(given.json["args"]?.objectValue ?? [:])
        switch given.call {
        case "lease_duration":
            let period = manager.leaseDuration(days: arguments.int("days") ?? 1, hours: arguments.int("hours") ?? 0)
            return [.string(period.startsAt.blazarRequest), .string(period.endsAt.blazarRequest)]
        case "lease_create_args":
            return .object(
                try manager.leaseCreateArgs(
                    name: arguments.text("name"), length: arguments.int("length").map { .seconds($0) },
                    nodes: arguments.int("nodes") ?? 1,
                    nodeResourceProperties: arguments.properties("node_resource_properties"),
                    fips: arguments.int("fips") ?? 0, networks: arguments.int("networks") ?? 0, cloud: "alpha"
                ).json)
        case "Lease":
            let lease = try Lease(name: "mine", duration: .seconds(3_600), cloud: "alpha", manager: manager)
            for add in given.json["adds"]?.arrayValue ?? [] {
                let parts = add.arrayValue ?? []
                try call(parts.first?.stringValue ?? "", Arguments(parts.last?.objectValue ?? [:]), lease)
            }
            return .array(lease.draft.reservations.map(JSONValue.object))
        default:
            var list: [ReservationRequest] = []
            try call(given.call, arguments, &list)
            return .array(list.map { .object($0.json) })
        }
    }

    private func call(_ name: String, _ arguments: Arguments, _ lease: Lease) throws {
        switch name {
        case "add_node_reservation":
            try lease.addNodeReservation(
                amount: arguments.int("amount"), nodeType: arguments.text("node_type"),
                nodeName: arguments.text("node_name"))
        case "add_device_reservation":
            try lease.addDeviceReservation(
                amount: arguments.int("amount"), machineType: arguments.text("machine_type"),
                deviceModel: arguments.text("device_model"), deviceName: arguments.text("device_name"))
        case "add_fip_reservation": try lease.addFIPReservation(amount: try #require(arguments.int("amount")))
        case "add_flavor_reservation":
            try lease.addFlavorReservation(
                id: arguments.text("id"), name: arguments.text("name"), amount: arguments.int("amount") ?? 1)
        case "add_network_reservation":
            try lease.addNetworkReservation(
                networkName: try #require(arguments.text("network_name")), usageType: arguments.text("usage_type"),
                stitchProvider: arguments.text("stitch_provider"))
        default: Issue.record("no method \(name)")
        }
    }

    @available(*, deprecated)
    private func call(_ name: String, _ arguments: Arguments, _ list: inout [ReservationRequest]) throws {
        switch name {
        case "add_node_reservation":
            try manager.addNodeReservation(
                to: &list, count: arguments.int("count") ?? 1,
                resourceProperties: arguments.properties("resource_properties"), nodeType: arguments.text("node_type"),
                nodeName: arguments.text("node_name"), architecture: arguments.text("architecture"))
        case "add_device_reservation":
            try manager.addDeviceReservation(
                to: &list, count: arguments.int("count") ?? 1, machineName: arguments.text("machine_name"),
                deviceModel: arguments.text("device_model"), deviceName: arguments.text("device_name"))
        case "add_fip_reservation":
            try manager.addFIPReservation(to: &list, count: arguments.int("count") ?? 1, cloud: "alpha")
        case "add_network_reservation":
            try manager.addNetworkReservation(
                to: &list, networkName: try #require(arguments.text("network_name")),
                usageType: arguments.text("usage_type"), ofControllerIP: arguments.text("of_controller_ip"),
                ofControllerPort: arguments.int("of_controller_port"), vswitchName: arguments.text("vswitch_name"),
                stitchProvider: arguments.text("stitch_provider"),
                resourceProperties: arguments.properties("resource_properties"),
                physicalNetwork: arguments.text("physical_network") ?? "physnet1")
        default: Issue.record("no function \(name)")
        }
    }

    struct Arguments {
        let json: JSONObject
        init(_ json: JSONObject) { self.json = json }
        func text(_ name: String) -> String? { json[name]?.stringValue }
        func int(_ name: String) -> Int? { json[name]?.intValue }
        func properties(_ name: String) throws -> ResourceProperties? {
            guard let value = json[name], !value.isNull else { return nil }
            return try ResourceProperties(json: value)
        }
    }
}
