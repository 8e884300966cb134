import LeaseModel
import Testing

@Suite("Reservation requests")
struct ReservationRequestTests {
    @Test("Arguments that python-chi ignores are refused: no amount, an empty value, an amount below 1")
    func refusals() {
        let refused: [(String, () throws -> ReservationRequest)] = [
            ("node", { try .node(amount: nil, nodeType: "x") }), ("device", { try .device(amount: nil) }),
            ("amount", { try .node(count: 0) }), ("amount", { try .device(count: -1) }),
            ("node_type", { try .node(nodeType: "") }), ("network_name", { try .network(name: "") }),
            ("id", { try .flavor(id: "", flavors: []) }),
            ("amount", { try .flavor(id: "1", amount: 0, flavors: []) }),
        ]
        for (field, make) in refused {
            let error = #expect(throws: DraftError.self) { try make() }
            #expect(error?.field == field)
        }
        #expect(throws: Never.self) { try ReservationRequest.device(amount: nil, deviceName: "pi") }
    }

    @Test("Nodes and devices are reserved each by its name")
    func values() throws {
        let nodes = try ReservationRequest.nodes([HardwareNode(name: "nc01"), HardwareNode(name: "nc02")])
        #expect(
            nodes.map { $0.json["resource_properties"] } == [
                #"["==", "$node_name", "nc01"]"#, #"["==", "$node_name", "nc02"]"#,
            ])
        let device = try ReservationRequest.devices([HardwareDevice(name: "pi")])
        #expect(device.map { $0.json["resource_properties"] } == [#"["==", "$name", "pi"]"#])
    }

    @Test("A mirrored host is a node if it has a name for reservations; a mirrored device always is one")
    func mirrored() {
        func mirrored(_ kind: ResourceKind, _ fields: JSONObject) -> MirroredResource? {
            CatalogResource(kind: kind, json: fields).map {
                MirroredResource(resource: $0, site: "CHI", allocations: [], syncedAt: nil)
            }
        }
        let host: JSONObject = ["id": "1", "node_name": "nc01", "node_type": "gpu", "uid": "u"]
        let node = mirrored(.host, host).flatMap(HardwareNode.init)
        #expect(node == HardwareNode(name: "nc01", type: "gpu", uid: "u", site: "CHI", properties: host))
        #expect(mirrored(.host, ["id": "1", "hypervisor_hostname": "h"]).flatMap(HardwareNode.init) == nil)
        let device: JSONObject = ["id": "2", "name": "pi", "machine_name": "raspberrypi4-64"]
        #expect(mirrored(.device, device).flatMap(HardwareDevice.init)?.type == "raspberrypi4-64")
    }

    @Test("A sent request is read as its type, and anything else is kept unchanged")
    func reading() throws {
        let requests: [ReservationRequest] = [
            try .node(count: 2, nodeType: "x"), try .device(deviceName: "pi"),
            .floatingIP(networkID: "n", amount: 3), .flavor(flavorID: "42", amount: 1),
            try .network(name: "net", usageType: "storage"),
            .other(["resource_type": "virtual:instance", "amount": 1]),
            .other(["resource_type": "physical:host", "min": 1, "max": 2, "resource_properties": "[]"]),
        ]
        for request in requests { #expect(ReservationRequest(json: request.json) == request) }
    }

    @Test("Requests are sent in python-chi's order, and within a type as they were added")
    func order() throws {
        let given: [ReservationRequest] = [
            .other(["resource_type": "x"]), try .network(name: "net"), .flavor(flavorID: "1", amount: 1),
            .flavor(flavorID: "0", amount: 1), .floatingIP(networkID: "n", amount: 1), try .node(),
            try .device(deviceName: "pi"),
        ]
        let types = ReservationRequest.ordered(given).map(\.resourceType.rawValue)
        #expect(
            types == [
                "device", "physical:host", "virtual:floatingip", "flavor:instance", "flavor:instance", "network", "x",
            ])
        #expect(ReservationRequest.ordered(given)[3] == .flavor(flavorID: "1", amount: 1))
    }

    @Test("Numbers in requirements become text in every type, even if written by hand")
    func texts() throws {
        let properties: ResourceProperties = [ResourceCondition("a", .greater, 40)]
        let requests: [ReservationRequest] = [
            try .node(resourceProperties: properties), .device(count: 1, properties: properties),
            try .network(name: "net", resourceProperties: properties),
            .other(["resource_type": "x", "resource_properties": #"[">", "$a", 40]"#]),
        ]
        for request in requests {
            let (changed, warnings) = request.withTextValues()
            #expect(warnings.count == 1)
            #expect(changed.json["resource_properties"]?.stringValue?.contains(#"[">", "$a", "40"]"#) == true)
        }
        let untouched = ReservationRequest.other(["resource_type": "x", "resource_properties": #"[">","$a","40"]"#])
        #expect(untouched.withTextValues().request == untouched)
    }

    // MARK: - Names

    private static func network(_ id: String, _ name: String, isExternal: Bool) -> CatalogResource {
        CatalogResource(
            kind: .network, id: id, name: name, fields: ["id": .string(id), "router:external": .bool(isExternal)])
    }

    @Test("Floating IPs come from the external network called public, or the only external one")
    func publicNetwork() throws {
        let shared = Self.network("s", "sharednet1", isExternal: false)
        let named = Self.network("p", "public", isExternal: true)
        let other = Self.network("o", "ext-net", isExternal: true)
        #expect(try ReservationRequest.publicNetworkID(among: [shared, other, named]) == "p")
        #expect(try ReservationRequest.publicNetworkID(among: [shared, other]) == "o")
        for networks in [[shared], [], [other, Self.network("q", "ext-2", isExternal: true)], [named, named]] {
            let error = #expect(throws: DraftError.self) { try ReservationRequest.publicNetworkID(among: networks) }
            #expect(error?.field == "network_id")
        }
        #expect(try ReservationRequest.floatingIP(amount: 2, networks: [named]).json["network_id"] == "p")
    }

    @Test("A flavor is found by a unique name; an id is used as it is")
    func flavors() throws {
        let flavors = [("1", "small"), ("2", "large"), ("3", "large")].map {
            CatalogResource(kind: .flavor, id: $0, name: $1)
        }
        #expect(try ReservationRequest.flavorID(named: "small", among: flavors) == "1")
        #expect(try ReservationRequest.flavorID(named: "2", among: flavors) == "2")
        for (name, word) in [("large", "2, 3"), ("medium", "large, large, small")] {
            let error = #expect(throws: DraftError.self) {
                try ReservationRequest.flavorID(named: name, among: flavors)
            }
            #expect(error?.problem.contains(word) == true)
        }
    }

    // MARK: - Finding a reservation

    private static func reservation(_ type: ResourceType, _ fields: JSONObject) -> Reservation {
        Reservation(id: "r", resourceType: type, status: .active, fields: fields)
    }

    @Test("A reservation is found by its count, its requirement and the values in it")
    func query() throws {
        let node = Self.reservation(
            .host,
            [
                "min": 2, "max": 2,
                "resource_properties":
                    #"["and", ["==", "$architecture.platform_type", "x86_64"], ["==", "$node_type", "compute_skylake_r740"]]"#,
            ])
        #expect(ReservationQuery.node().matches(node))
        #expect(ReservationQuery.node(count: 2, nodeType: "compute_skylake_r740", architecture: "x86_64").matches(node))
        #expect(!ReservationQuery.node(count: 1).matches(node))
        // python-chi looks for the text anywhere in the requirement, and matches this one.
        #expect(!ReservationQuery.node(nodeType: "compute_skylake").matches(node))
        #expect(!ReservationQuery.device().matches(node))
        let same: ResourceProperties = [
            ResourceCondition("node_type", .equal, "compute_skylake_r740"),
            ResourceCondition("architecture.platform_type", .equal, "x86_64"),
        ]
        #expect(ReservationQuery.node(resourceProperties: same).matches(node))
        #expect(!ReservationQuery.node(resourceProperties: []).matches(node))
        let device = Self.reservation(
            .device, ["min_count": "1", "max_count": 1, "resource_properties": #"["==", "$name", "pi"]"#])
        #expect(ReservationQuery.device(count: 1, deviceName: "pi").matches(device))
        #expect(!ReservationQuery.device(count: 1, machineName: "pi").matches(device))
        #expect(!ReservationQuery.device(count: 2).matches(device))
    }

    @Test("A flavor belongs to the reservation that its extra spec or its id names")
    func flavorOfReservation() {
        func flavor(_ id: String, _ reservation: String?) -> Flavor {
            var specs = JSONObject()
            specs["aggregate_instance_extra_specs:reservation"] = reservation.map(JSONValue.string)
            return Flavor(CatalogResource(kind: .flavor, id: id, fields: ["extra_specs": .object(specs)]))
        }
        let instances = Reservation(id: "r", resourceType: .flavor, status: .active)
        #expect(flavor("x", "r").belongs(to: instances))
        #expect(flavor("r", nil).belongs(to: instances))
        #expect(!flavor("x", "s").belongs(to: instances))
        #expect(!flavor("r", "r").belongs(to: Reservation(id: "r", resourceType: .host, status: .active)))
    }
}
