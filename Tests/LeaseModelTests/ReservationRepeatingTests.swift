import LeaseModel
import Testing

@Suite("Repeated reservations")
struct ReservationRepeatingTests {
    /// A reservation as Blazar lists it, and as it is requested again.
    static let repeated: [(listed: JSONObject, asked: JSONObject)] = [
        (
            [
                "id": "r", "lease_id": "l", "resource_id": "x", "resource_type": "physical:host", "status": "active",
                "missing_resources": false, "resources_changed": false, "created_at": "2026-11-22 16:27:45",
                "updated_at": nil, "hypervisor_properties": "", "resource_properties": "[]", "before_end": "default",
                "on_start": "default", "min": 1, "max": 2,
            ],
            [
                "resource_type": "physical:host", "min": 1, "max": 2, "resource_properties": "[]",
                "hypervisor_properties": "",
            ]
        ),
        (
            ["id": "r", "resource_type": "physical:host", "status": "active", "min": 1, "before_end": "email"],
            ["resource_type": "physical:host", "min": 1, "before_end": "email"]
        ),
        (
            [
                "id": "r", "resource_type": "virtual:floatingip", "status": "active", "network_id": "n", "amount": 1,
                "required_floatingips": [],
            ], ["resource_type": "virtual:floatingip", "network_id": "n", "amount": 1]
        ),
        (
            [
                "id": "r", "resource_type": "flavor:instance", "status": "active", "vcpus": 2, "amount": 3,
                "affinity": nil, "resource_properties": #"{"id": "5462abda", "name": "m1.small"}"#, "flavor_id": "r",
                "aggregate_id": 5, "server_group_id": nil,
            ], ["resource_type": "flavor:instance", "amount": 3, "affinity": nil, "flavor_id": "5462abda"]
        ),
        (
            [
                "id": "r", "resource_type": "virtual:instance", "status": "error", "vcpus": 1, "memory_mb": 512,
                "disk_gb": 1, "amount": 1, "affinity": false, "resource_properties": "", "flavor_id": "e6",
                "aggregate_id": 26,
            ],
            [
                "resource_type": "virtual:instance", "vcpus": 1, "memory_mb": 512, "disk_gb": 1, "amount": 1,
                "affinity": false, "resource_properties": "",
            ]
        ),
        (
            ["id": "r", "resource_type": "new:kind", "status": "active", "created_at": "x", "colour": "red"],
            ["resource_type": "new:kind", "colour": "red"]
        ),
        (
            ["resource_type": "network", "network_name": "n", "colour": "red"],
            ["resource_type": "network", "network_name": "n", "colour": "red"]
        ),
    ]

    @Test("are requested without the fields that the server added", arguments: 0..<repeated.count)
    func repeating(index: Int) throws {
        let (listed, asked) = Self.repeated[index]
        #expect(try ReservationRequest(repeating: listed).json == asked)
    }

    @Test("throw if they do not say what they were for")
    func untold() {
        for fields: JSONObject in [
            ["id": "r", "resource_type": "network", "status": "active"],
            ["id": "r", "resource_type": "flavor:instance", "status": "active", "flavor_id": "r"],
            ["id": "r", "status": "active"],
        ] {
            #expect(throws: DraftError.self) { try ReservationRequest(repeating: fields) }
        }
    }
}
