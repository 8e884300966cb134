import LeaseModel

/// A host of a model's cloud.
package struct ModelHost: Sendable {
    package let name: String
    package let vcpus: Int
    package let memoryMB: Int
    package let localGB: Int
    /// The properties that an administrator added, for the conditions of reservations.
    package let properties: [(name: String, value: String)]

    /// Makes a host; by default as large as those of Nova's fake driver.
    package init(
        name: String, vcpus: Int = 1_000, memoryMB: Int = 800_000, localGB: Int = 600_000,
        properties: [(name: String, value: String)]
    ) {
        self.name = name
        self.vcpus = vcpus
        self.memoryMB = memoryMB
        self.localGB = localGB
        self.properties = properties
    }

    /// The hosts of devcloud.
    package static let devcloud = [
        ("compute-2", "yes", "gpu_p100", "r1"), ("compute-1", "no", "compute_skylake", "r1"),
        ("compute-3", "no", "compute_haswell", "r2"),
    ].map { name, gpu, type, rack in
        ModelHost(
            name: name,
            properties: [("architecture", "x86_64"), ("gpu", gpu), ("node_type", type), ("rack", rack)])
    }
}

/// The resources of a cloud: hosts, floating IPs, networks, devices, flavors.
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

    init(dialect: Dialect, hosts ownHosts: [ModelHost]?, registeredAt: Timestamp) {
        switch dialect {
        case .upstream:
            hosts = Self.upstreamHosts(ownHosts ?? ModelHost.devcloud, registeredAt)
            floatingIPs = [
                ("1604c596-409c-4c15-a621-17e7eb016a37", "203.0.113.205"),
                ("297ea5ba-3dc4-47ff-8d14-736f2d7e2c87", "203.0.113.208"),
                ("4f82efdc-4b74-4a66-90f5-b90bacec4a93", "203.0.113.201"),
                ("85be439a-657c-4931-8069-bf32ca00e438", "203.0.113.203"),
                ("882b4e07-f4c1-4dc2-89dd-99ea1a606e9d", "203.0.113.206"),
                ("c2a0810a-37ef-43b4-b298-766d1472daf5", "203.0.113.204"),
                ("cb738244-30ee-448f-b4ce-4318914b11ce", "203.0.113.202"),
                ("cd070b92-b266-4dff-8a6f-1f7e98fae6d2", "203.0.113.209"),
                ("e9c80d28-f012-4e3e-b1f7-3ce8e03034a3", "203.0.113.210"),
                ("fb7c3364-ad89-4839-821b-1133bdbfb8a2", "203.0.113.207"),
            ].map { FloatingIP(id: $0.0, address: $0.1, registeredAt: registeredAt) }
            segments = []
            devices = []
        case .chameleon:
            hosts = ownHosts.map { Self.upstreamHosts($0, registeredAt) } ?? Self.chameleonHosts(registeredAt)
            floatingIPs = [
                ("17f2386c-eec1-4f1f-9d3b-77c96e105015", "203.0.113.221"),
                ("51bfabf1-9d2b-45f1-ad82-703f1ff32a4e", "203.0.113.222"),
                ("7b4ec6eb-aa41-4be0-bd01-bde30ba8208c", "203.0.113.223"),
            ].map { FloatingIP(id: $0.0, address: $0.1, registeredAt: registeredAt) }
            segments = Self.chameleonSegments(registeredAt)
            devices = Self.chameleonDevices(registeredAt)
        }
    }

    private static func upstreamHosts(_ hosts: [ModelHost], _ registeredAt: Timestamp) -> [Host] {
        // A trust's identifier means nothing here, but must be the same in every run.
        var fixed = IdentifierGenerator(seed: 0x7205)
        return hosts.enumerated().map { index, host in
            Host(
                id: String(index + 1), name: host.name, trustID: fixed.hex(), vcpus: host.vcpus,
                memoryMB: host.memoryMB, localGB: host.localGB, registeredAt: registeredAt,
                properties: host.properties)
        }
    }

    private static func chameleonHosts(_ registeredAt: Timestamp) -> [Host] {
        let rows = [
            ("4138c35c-16a7-4e05-a58a-0dbe570c2a9b", "3", "93c3ce9bb8b244c7a4fed0efe80a07a5", "gpu_p100", "True", "56"),
            (
                "7b6c7df3-5e62-4035-a38e-91148f76f72c", "1", "bb2e3259512d4b2f8c4abb96f417b922", "compute_skylake",
                "False", "48"
            ),
            (
                "8ceb46e2-1454-4d73-ba31-6f20b78129db", "2", "99f246022fb14c1d8f395dc3c4e13323", "compute_skylake",
                "False", "48"
            ),
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
