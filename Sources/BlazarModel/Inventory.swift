import LeaseModel

/// What a cloud has to give: hosts, floating IPs, networks, devices, flavors.
struct Inventory: Sendable {
    struct Host: Sendable {
        let id: String
        let name: String
        let trustID: String
        let vcpus: Int
        let memoryMB: Int
        let localGB: Int
        let registeredAt: Timestamp
        let properties: [(name: String, value: String)]
    }

    struct FloatingIP: Sendable {
        let id: String
        let address: String
        let registeredAt: Timestamp
    }

    /// A network segment of Chameleon's.
    struct Segment: Sendable {
        let id: String
        let number: Int
        let registeredAt: Timestamp
        let properties: [(name: String, value: String)]
    }

    /// An edge device of Chameleon's.
    struct Device: Sendable {
        let id: String
        let name: String
        let registeredAt: Timestamp
        let properties: [(name: String, value: String)]
    }

    struct Flavor: Sendable {
        let id: String
        let name: String
        let vcpus: Int
        let memoryMB: Int
        let diskGB: Int
    }

    static let publicNetworkID = "1334c795-c81b-4802-8f6c-5efe285bd6cb"
    static let publicSubnetID = "9a20cd10-898f-4658-927b-1af7fabf342c"
    static let sharedNetworkID = "ca17a20d-fda4-49c1-91c7-bd3f184e2bcb"
    static let sharedSubnetID = "c6b1d6cb-1f0a-4bd4-8a4f-0a5d7e7c9b31"

    let hosts: [Host]
    let floatingIPs: [FloatingIP]
    let segments: [Segment]
    let devices: [Device]
    let flavors = [
        Flavor(
            id: "5462abda-f70a-4570-9701-35a6a4afa2eb", name: "m1.small", vcpus: 2, memoryMB: 2_048, diskGB: 20),
        Flavor(id: "631b0073-f845-4975-bd04-0fe5854265e9", name: "m1.tiny", vcpus: 1, memoryMB: 512, diskGB: 1),
        Flavor(
            id: "c07e5cdf-5d72-4de2-87bd-0c15b81599ae", name: "m1.large", vcpus: 8, memoryMB: 8_192, diskGB: 80),
    ]

    init(dialect: Dialect, registeredAt: Timestamp) {
        switch dialect {
        case .upstream:
            hosts = Self.upstreamHosts(registeredAt)
            floatingIPs = [
                ("31a7d4ee-6122-492d-a095-361e1c05a9ca", "203.0.113.201"),
                ("3628f732-b7b6-40d1-bf17-75d83ba8be02", "203.0.113.204"),
                ("826b5c0f-9f69-46ef-9033-a3470095eb79", "203.0.113.202"),
                ("f6556cb7-4ee2-489c-b342-2cdb93ebae44", "203.0.113.203"),
            ].map { FloatingIP(id: $0.0, address: $0.1, registeredAt: registeredAt) }
            segments = []
            devices = []
        case .chameleon:
            hosts = Self.chameleonHosts(registeredAt)
            floatingIPs = [
                ("17f2386c-eec1-4f1f-9d3b-77c96e105015", "203.0.113.221"),
                ("51bfabf1-9d2b-45f1-ad82-703f1ff32a4e", "203.0.113.222"),
                ("7b4ec6eb-aa41-4be0-bd01-bde30ba8208c", "203.0.113.223"),
            ].map { FloatingIP(id: $0.0, address: $0.1, registeredAt: registeredAt) }
            segments = Self.chameleonSegments(registeredAt)
            devices = Self.chameleonDevices(registeredAt)
        }
    }

    private static func upstreamHosts(_ registeredAt: Timestamp) -> [Host] {
        let rows = [
            ("1", "compute-2", "4e00743514034ee1be1d04ef92c9dcd7", "compute_skylake", "yes"),
            ("2", "compute-1", "42667b1f8e0c4c7d9b3a5d2e6f180943", "compute_skylake", "no"),
            ("3", "compute-3", "f5c2a3d4e5b64c7f8091a2b3c4d5e6f7", "compute_haswell", "no"),
        ]
        return rows.map { id, name, trust, type, gpu in
            Host(
                id: id, name: name, trustID: trust, vcpus: 10, memoryMB: 8_192, localGB: 1_028,
                registeredAt: registeredAt, properties: [("gpu", gpu), ("node_type", type)])
        }
    }

    private static func chameleonHosts(_ registeredAt: Timestamp) -> [Host] {
        let rows = [
            ("4138c35c-16a7-4e05-a58a-0dbe570c2a9b", "3", "93c3ce9bb8b244c7a4fed0efe80a07a5", "gpu_p100", "True", "56"),
            ("7b6c7df3-5e62-4035-a38e-91148f76f72c", "1", "bb2e3259512d4b2f8c4abb96f417b922", "compute_skylake",
                "False", "48"),
            ("8ceb46e2-1454-4d73-ba31-6f20b78129db", "2", "99f246022fb14c1d8f395dc3c4e13323", "compute_skylake",
                "False", "48"),
        ]
        return rows.map { id, number, trust, type, gpu, size in
            Host(
                id: id, name: "compute-f" + number, trustID: trust, vcpus: 1_000, memoryMB: 800_000, localGB: 600_000,
                registeredAt: registeredAt,
                properties: [
                    ("node_name", "nc0" + number), ("architecture.platform_type", "x86_64"), ("node_type", type),
                    ("uid", "aaaaaaaa-0000-0000-0000-00000000000" + number), ("gpu.gpu", gpu),
                    ("architecture.smt_size", size),
                ])
        }
    }

    private static func chameleonSegments(_ registeredAt: Timestamp) -> [Segment] {
        [
            Segment(
                id: "01f367e4-d5e8-40fa-836e-b044ac39a0fd", number: 3_001, registeredAt: registeredAt,
                properties: [("stitch_provider", "fabric")]),
            Segment(
                id: "27b72f16-860e-4f3d-830e-41cfd2633003", number: 3_002, registeredAt: registeredAt, properties: []),
            Segment(
                id: "be313fd1-3bc0-415a-84c3-ac3f690407a8", number: 3_003, registeredAt: registeredAt, properties: []),
        ]
    }

    private static func chameleonDevices(_ registeredAt: Timestamp) -> [Device] {
        let rows = [
            ("07e83adb-9d65-4cd0-8a2f-312a0014f373", "iot-rpi4-02", "Raspberry Pi 4", "raspberrypi4-64"),
            ("3823ff09-7c4c-48de-988d-134390a39290", "iot-jetson-01", "Jetson Nano", "jetson-nano"),
            ("e6fdf280-03a6-45b4-83c2-b066508e3806", "iot-rpi4-01", "Raspberry Pi 4", "raspberrypi4-64"),
        ]
        return rows.map { id, name, model, machine in
            Device(
                id: id, name: name, registeredAt: registeredAt,
                properties: [
                    ("model", model), ("vendor", "x"), ("local_egress", "allow"), ("machine_name", machine),
                ])
        }
    }
}
