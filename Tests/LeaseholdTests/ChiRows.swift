import BlazarModel
import CloudFixtures
import LeaseModel
import Leasehold
import Testing

/// The code of each row of the article "chi.lease in Swift", which is compiled, run and checked.
@available(*, deprecated)
enum ChiRows {
    struct Row: Sendable {
        let chi: String
        let swift: String
        let dialect: Dialect
        let check: @Sendable (LeaseLab) async throws -> Void

        init(
            _ chi: String, _ swift: String, _ dialect: Dialect = .upstream,
            _ check: @escaping @Sendable (LeaseLab) async throws -> Void
        ) {
            (self.chi, self.swift, self.dialect, self.check) = (chi, swift, dialect, check)
        }
    }

    static let all: [Row] = attributes + methods + functions + older + lists

    private static func submitted(_ lab: LeaseLab) async throws -> Lease {
        let lease = try lab.lease()
        try await lease.submit()
        return lease
    }

    private static func read(_ lab: LeaseLab) throws -> Lease {
        try Lease(json: LeaseAttributeTests.json, manager: lab.manager)
    }

    /// The row of an attribute, and whether a lease that was read has the right value.
    private static func attribute(
        _ chi: String, _ swift: String, _ isRight: @escaping @Sendable (Lease) -> Bool
    ) -> Row {
        Row(chi, swift) { lab async throws in
            let lease = try read(lab)
            #expect(isRight(lease), "\(lease)")
        }
    }

    private static let attributes: [Row] = [
        Row(
            "Lease",
            "Lease.init(name:startsAt:endsAt:duration:cloud:manager:), Lease.init(json:cloud:manager:)"
        ) { lab async throws in
            let start = lab.cloud.now
            _ = try Lease(
                name: "x", startsAt: start, endsAt: start.adding(seconds: 60), duration: nil, cloud: "lab",
                manager: lab.manager)
            #expect(try Lease(json: LeaseAttributeTests.json, cloud: "lab", manager: lab.manager).name == "read")
        },
        attribute("Lease.name", "Lease.name") { $0.name == "read" },
        attribute("Lease.start_date", "Lease.startsAt") { $0.startsAt?.iso8601 == "2027-01-15T08:00:00Z" },
        attribute("Lease.end_date", "Lease.endsAt") { $0.endsAt.iso8601 == "2027-01-15T10:00:00Z" },
        attribute("Lease.id", "Lease.id") { $0.id == "67bf5bfb" },
        attribute("Lease.status", "Lease.status") { $0.status == .active },
        attribute("Lease.user_id", "Lease.userID") { $0.userID == "u" },
        attribute("Lease.project_id", "Lease.projectID") { $0.projectID == "p" },
        attribute("Lease.created_at", "Lease.createdAt") { $0.createdAt?.iso8601 == "2027-01-15T07:59:30Z" },
        attribute("Lease.device_reservations", "Lease.deviceReservations") { $0.deviceReservations.map(\.id) == ["d"] },
        attribute("Lease.node_reservations", "Lease.nodeReservations") { $0.nodeReservations.map(\.id) == ["n"] },
        attribute("Lease.fip_reservations", "Lease.fipReservations") { $0.fipReservations.map(\.id) == ["f"] },
        attribute("Lease.network_reservations", "Lease.networkReservations") {
            $0.networkReservations.map(\.id) == ["w"]
        },
        attribute("Lease.flavor_reservations", "Lease.flavorReservations") { $0.flavorReservations.map(\.id) == ["i"] },
        attribute("Lease.events", "Lease.events") { $0.events.map(\.id) == ["e"] },
    ]

    /// What a lease would send after something was added to it.
    private static func added(_ lab: LeaseLab, _ add: (Lease) throws -> Void) throws -> [String?] {
        let lease = try Lease(name: "x", duration: .seconds(3_600), manager: lab.manager)
        try add(lease)
        return lease.draft.reservations.map { $0["resource_type"]?.stringValue }
    }

    private static let methods: [Row] = [
        Row(
            "Lease.add_device_reservation",
            "Lease.addDeviceReservation(amount:machineType:deviceModel:deviceName:devices:)"
        ) { lab async throws in
            let types = try added(lab) {
                try $0.addDeviceReservation(
                    amount: 1, machineType: "raspberrypi4-64", deviceModel: "4", deviceName: nil, devices: [])
                try $0.addDeviceReservation(devices: [HardwareDevice(name: "pi"), HardwareDevice(name: "nano")])
            }
            #expect(types == ["device", "device", "device"])
        },
        Row("Lease.add_fip_reservation", "Lease.addFIPReservation(amount:)") { lab async throws in
            #expect(try added(lab) { try $0.addFIPReservation(amount: 2) } == ["virtual:floatingip"])
        },
        Row("Lease.add_flavor_reservation", "Lease.addFlavorReservation(id:name:amount:)") { lab async throws in
            let types = try added(lab) {
                try $0.addFlavorReservation(id: nil, name: "m1.tiny", amount: 1)
                try $0.addFlavorReservation(id: "1")
            }
            #expect(types == ["flavor:instance", "flavor:instance"])
        },
        Row(
            "Lease.add_network_reservation", "Lease.addNetworkReservation(networkName:usageType:stitchProvider:)"
        ) { lab async throws in
            let types = try added(lab) {
                try $0.addNetworkReservation(networkName: "n", usageType: "storage", stitchProvider: "fabric")
            }
            #expect(types == ["network"])
        },
        Row("Lease.add_node_reservation", "Lease.addNodeReservation(amount:nodeType:nodeName:nodes:)") {
            lab async throws in
            let types = try added(lab) {
                try $0.addNodeReservation(amount: 1, nodeType: "compute_skylake", nodeName: nil, nodes: [])
                try $0.addNodeReservation(nodes: [HardwareNode(name: "nc01")])
            }
            #expect(types == ["physical:host", "physical:host"])
        },
        Row("Lease.get_reserved_flavors", "Lease.reservedFlavors()") { lab async throws in
            let lease = try Lease(name: "x", duration: .seconds(3_600), manager: lab.manager)
            try lease.addFlavorReservation(name: "m1.tiny")
            try await lease.submit()
            #expect(try await lease.reservedFlavors().count == 1)
        },
        Row("Lease.get_reserved_floating_ips", "Lease.reservedFloatingIPs()") { lab async throws in
            let lease = try Lease(name: "x", duration: .seconds(3_600), manager: lab.manager)
            try lease.addFIPReservation(amount: 2)
            try await lease.submit()
            #expect(try await lease.reservedFloatingIPs().count == 2)
        },
        Row(
            "Lease.submit",
            "Lease.submit(waitForActive:waitTimeout:show:idempotent:retryOnError:isOffline:progress:)"
        ) { lab async throws in
            let lease = try lab.lease()
            try await lease.submit(
                waitForActive: true, waitTimeout: .seconds(300), show: nil, idempotent: false, retryOnError: 2,
                isOffline: false, progress: { _ in })
            #expect(lease.status == .active)
        },
        Row("Lease.wait", "Lease.wait(status:show:timeout:progress:)") { lab async throws in
            let lease = try lab.lease()
            try await lease.submit(waitForActive: false)
            try await lease.wait(status: .active, show: nil, timeout: .seconds(500), progress: { _ in })
            #expect(lease.status == .active)
        },
        Row("Lease.refresh", "Lease.refresh(progress:)") { lab async throws in
            let lease = try await submitted(lab)
            lab.cloud.advance(3_700)
            #expect(try await lease.refresh(progress: { _ in }))
            #expect(lease.status == .terminated)
        },
        Row("Lease.delete", "Lease.delete(isOffline:progress:)") { lab async throws in
            let lease = try await submitted(lab)
            try await lease.delete(isOffline: false, progress: { _ in })
            #expect(lab.names.isEmpty)
        },
        Row("Lease.show", "Lease.show(_:to:), Lease.show(in:)") { lab async throws in
            var text = ""
            try read(lab).show(.text, to: { text = $0 })
            #expect(text.contains("read"))
            let lease = try await submitted(lab)
            #expect(try await lease.show(in: .browser)?.isEmpty == false)
        },
    ]

    private static let functions: [Row] = [
        Row("list_leases", "LeaseManager.listLeases(cloud:)") { lab async throws in
            _ = try await submitted(lab)
            #expect(try lab.manager.listLeases(cloud: "lab").map(\.name) == ["mine"])
        },
        Row("show_leases", "LeaseManager.showLeases(cloud:), LeaseManager.showLeases(in:)") { lab async throws in
            _ = try await submitted(lab)
            #expect(try lab.manager.showLeases(cloud: "lab").rows.map(\.name) == ["mine"])
            #expect(try await lab.manager.showLeases(in: .browser)?.isEmpty == false)
        },
        Row("get_lease", "LeaseManager.getLease(_:cloud:)") { lab async throws in
            _ = try await submitted(lab)
            #expect(try lab.manager.getLease("mine", cloud: "lab")?.status == .active)
        },
        Row("get_lease_id", "LeaseManager.getLeaseID(_:cloud:)") { lab async throws in
            let lease = try await submitted(lab)
            #expect(try lab.manager.getLeaseID("mine", cloud: "lab") == lease.id)
        },
        Row("lease_duration", "LeaseManager.leaseDuration(days:hours:)") { lab async throws in
            let period = lab.manager.leaseDuration(days: 1, hours: 12)
            #expect(period.startsAt == lab.cloud.now.adding(seconds: 60).truncatedToMinute)
            #expect(period.endsAt == lab.cloud.now.adding(seconds: 129_600).truncatedToMinute)
        },
    ]

    private static let older: [Row] = [
        Row("create_lease", "LeaseManager.createLease(name:reservations:startsAt:endsAt:cloud:), deprecated") {
            lab async throws in
            _ = try await lab.manager.createLease(
                name: "x", reservations: [.node()], startsAt: nil, endsAt: lab.later, cloud: "lab")
            #expect(lab.names == ["x"])
        },
        Row("delete_lease", "LeaseManager.deleteLease(_:), deprecated") { lab async throws in
            _ = try await submitted(lab)
            try await lab.manager.deleteLease("mine")
            #expect(lab.names.isEmpty)
        },
        Row("wait_for_active", "LeaseManager.waitForActive(_:), deprecated") { lab async throws in
            try await lab.lease().submit(waitForActive: false)
            #expect(try await lab.manager.waitForActive("mine").status == .active)
        },
        Row(
            "get_node_reservation",
            "LeaseManager.getNodeReservation(_:count:resourceProperties:nodeType:architecture:), deprecated"
        ) { lab async throws in
            let lease = try await submitted(lab)
            let id = try lab.manager.getNodeReservation(
                "mine", count: 1, resourceProperties: [], nodeType: nil, architecture: nil)
            #expect(id == lease.nodeReservations.first?.id)
        },
        Row(
            "get_device_reservation",
            "LeaseManager.getDeviceReservation(_:count:machineName:deviceModel:deviceName:), deprecated", .chameleon
        ) { lab async throws in
            let lease = try Lease(name: "edge", duration: .seconds(3_600), manager: lab.manager)
            try lease.addDeviceReservation(amount: 1, machineType: "raspberrypi4-64")
            try await lease.submit()
            let id = try lab.manager.getDeviceReservation(
                "edge", count: 1, machineName: "raspberrypi4-64", deviceModel: nil, deviceName: nil)
            #expect(id == lease.deviceReservations.first?.id)
        },
        Row("get_reserved_floating_ips", "LeaseManager.getReservedFloatingIPs(_:), deprecated") { lab async throws in
            let lease = try Lease(name: "ips", duration: .seconds(3_600), manager: lab.manager)
            try lease.addFIPReservation(amount: 1)
            try await lease.submit()
            #expect(try await lab.manager.getReservedFloatingIPs("ips").count == 1)
        },
    ]

    /// The types in a list after something was added to it.
    private static func listed(_ add: (inout [ReservationRequest]) throws -> Void) throws -> [ResourceType] {
        var list: [ReservationRequest] = []
        try add(&list)
        return list.map(\.resourceType)
    }

    private static let lists: [Row] = [
        Row(
            "add_node_reservation",
            "LeaseManager.addNodeReservation(to:count:resourceProperties:nodeType:nodeName:architecture:), deprecated"
        ) { lab async throws in
            let types = try listed {
                try lab.manager.addNodeReservation(
                    to: &$0, count: 2, resourceProperties: nil, nodeType: "x", nodeName: nil, architecture: "x86_64")
            }
            #expect(types == [.host])
        },
        Row(
            "add_device_reservation",
            "LeaseManager.addDeviceReservation(to:count:machineName:deviceModel:deviceName:), deprecated"
        ) { lab async throws in
            let types = try listed {
                try lab.manager.addDeviceReservation(
                    to: &$0, count: 1, machineName: "x", deviceModel: "y", deviceName: nil)
            }
            #expect(types == [.device])
        },
        Row("add_fip_reservation", "LeaseManager.addFIPReservation(to:count:cloud:), deprecated") { lab async throws in
            let types = try listed { try lab.manager.addFIPReservation(to: &$0, count: 1, cloud: "lab") }
            #expect(types == [.floatingIP])
        },
        Row(
            "add_network_reservation",
            "LeaseManager.addNetworkReservation(to:networkName:usageType:ofControllerIP:ofControllerPort:vswitchName:"
                + "stitchProvider:resourceProperties:physicalNetwork:), deprecated"
        ) { lab async throws in
            let types = try listed {
                try lab.manager.addNetworkReservation(
                    to: &$0, networkName: "n", usageType: nil, ofControllerIP: "10.0.0.1", ofControllerPort: 6_653,
                    vswitchName: "v", stitchProvider: nil, resourceProperties: nil, physicalNetwork: "physnet1")
            }
            #expect(types == [.network])
        },
        Row(
            "lease_create_args",
            "LeaseManager.leaseCreateArgs(name:startsAt:endsAt:length:nodes:nodeResourceProperties:fips:networks:"
                + "networkResourceProperties:cloud:), deprecated"
        ) { lab async throws in
            let arguments = try lab.manager.leaseCreateArgs(
                name: "x", startsAt: nil, endsAt: nil, length: .seconds(60), nodes: 1, nodeResourceProperties: nil,
                fips: 1, networks: 1, networkResourceProperties: nil, cloud: "lab")
            #expect(arguments.reservations.map(\.resourceType) == [.host, .floatingIP, .network])
        },
        Row(
            "lease_create_nodetype",
            "LeaseManager.leaseCreateNodetype(nodeType:name:startsAt:endsAt:length:nodes:fips:networks:"
                + "networkResourceProperties:cloud:), deprecated"
        ) { lab async throws in
            let arguments = try lab.manager.leaseCreateNodetype(
                nodeType: "gpu", name: "x", startsAt: nil, endsAt: lab.later, length: nil, nodes: 1, fips: 0,
                networks: 0, networkResourceProperties: nil, cloud: "lab")
            #expect(arguments.draft.reservations.first?["resource_properties"] == #"["==", "$node_type", "gpu"]"#)
        },
    ]
}
