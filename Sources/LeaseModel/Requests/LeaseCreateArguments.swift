/// The result of python-chi's `lease_create_args`: the arguments of a creation, with reservations in the form in which
/// that function writes them.
public struct LeaseCreateArguments: Sendable, Hashable {
    /// The lease's name.
    public var name: String
    /// When it starts. It is truncated to the minute when written.
    public var startsAt: Timestamp
    /// When it ends. It is truncated to the minute when written.
    public var endsAt: Timestamp
    /// What it reserves.
    public var reservations: [ReservationRequest]

    /// The default requirement on networks in python-chi.
    public static let standardNetworkProperties: ResourceProperties = [
        ResourceCondition("physical_network", .equal, "physnet1")
    ]

    /// The delay that python-chi adds to a lease that starts now, so that its start is not in the past when the request
    /// arrives.
    private static let headStartSeconds: Int64 = 70
    private static let standardLengthSeconds: Int64 = 86_400

    /// Makes the arguments.
    ///
    /// - Parameters:
    ///   - name: the lease's name.
    ///   - startsAt: when it starts; `nil` for 70 seconds from now.
    ///   - endsAt: when it ends. It excludes `lengthSeconds`.
    ///   - lengthSeconds: its duration in seconds; a day if neither is given.
    ///   - nodes: the number of nodes; 0 for none.
    ///   - nodeResourceProperties: the requirements on the nodes.
    ///   - floatingIPs: the number of floating IPs; 0 for none.
    ///   - publicNetworkID: the network of the floating IPs.
    ///   - networks: the number of networks; 0 for none.
    ///   - networkResourceProperties: the requirements on the networks.
    ///   - now: the current time.
    /// - Throws: ``DraftError`` for an end together with a length, and any error of `publicNetworkID`.
    public init(
        name: String, startsAt: Timestamp? = nil, endsAt: Timestamp? = nil, lengthSeconds: Int64? = nil,
        nodes: Int = 1, nodeResourceProperties: ResourceProperties? = nil, floatingIPs: Int = 0,
        publicNetworkID: () throws(DraftError) -> String, networks: Int = 0,
        networkResourceProperties: ResourceProperties? = Self.standardNetworkProperties, now: Timestamp
    ) throws(DraftError) {
        guard endsAt == nil || lengthSeconds == nil else {
            throw DraftError(field: "end", problem: "and length exclude each other: give only one of them")
        }
        self.name = name
        self.startsAt = startsAt ?? now.adding(seconds: Self.headStartSeconds)
        self.endsAt = endsAt ?? self.startsAt.adding(seconds: lengthSeconds ?? Self.standardLengthSeconds)
        reservations = []
        if nodes > 0 { reservations.append(Self.nodes(nodes, nodeResourceProperties)) }
        if floatingIPs > 0 {
            reservations.append(.floatingIP(networkID: try publicNetworkID(), amount: floatingIPs))
        }
        for index in 0..<max(0, networks) {
            reservations.append(Self.network("\(name)-net\(index)", networkResourceProperties))
        }
    }

    // Unlike the builders of single reservations, python-chi's function writes counts as strings, and an absent
    // requirement as an empty string.
    private static func nodes(_ count: Int, _ properties: ResourceProperties?) -> ReservationRequest {
        .other([
            "resource_type": .string(ResourceType.host.rawValue),
            "resource_properties": .string(text(of: properties)), "hypervisor_properties": "",
            "min": .string(String(count)), "max": .string(String(count)),
        ])
    }

    private static func network(_ name: String, _ properties: ResourceProperties?) -> ReservationRequest {
        .other([
            "resource_type": .string(ResourceType.network.rawValue),
            "resource_properties": .string(text(of: properties)), "network_name": .string(name),
        ])
    }

    private static func text(of properties: ResourceProperties?) -> String {
        properties.flatMap { $0.isEmpty ? nil : $0.text } ?? ""
    }

    /// The arguments as python-chi's function returns them.
    public var json: JSONObject {
        [
            "name": .string(name), "start": .string(startsAt.blazarRequest), "end": .string(endsAt.blazarRequest),
            "reservations": .array(reservations.map { .object($0.json) }), "events": [],
        ]
    }

    /// The lease to create, with counts as numbers. Blazar 18 answers a bare 500 to counts that are strings, since it
    /// compares them with 0 without converting them (`_validate_min_max_range`).
    public var draft: LeaseDraft {
        let counted = reservations.map { request in
            var fields = request.json
            for key in ["min", "max"] {
                if let count = fields[key]?.stringValue.flatMap({ Int($0) }) { fields[key] = JSONValue(count) }
            }
            return fields
        }
        return LeaseDraft(name: name, start: .at(startsAt), endsAt: endsAt, reservations: counted)
    }
}
