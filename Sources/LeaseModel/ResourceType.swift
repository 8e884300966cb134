/// What a reservation is for, by Blazar's `resource_type`.
public struct ResourceType: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Whole hosts ("nodes" in python-chi).
    public static let host = ResourceType(rawValue: "physical:host")
    /// Floating IP addresses.
    public static let floatingIP = ResourceType(rawValue: "virtual:floatingip")
    /// Instances of a size given in the reservation.
    public static let instance = ResourceType(rawValue: "virtual:instance")
    /// Instances of an existing Nova flavor.
    public static let flavor = ResourceType(rawValue: "flavor:instance")
    /// Networks (Chameleon).
    public static let network = ResourceType(rawValue: "network")
    /// Edge devices (Chameleon).
    public static let device = ResourceType(rawValue: "device")

    /// The short names that the command takes, beside Blazar's own.
    public static let shortNames: [(name: String, type: ResourceType)] = [
        ("node", .host), ("host", .host), ("fip", .floatingIP), ("floatingip", .floatingIP), ("instance", .instance),
        ("flavor", .flavor), ("network", .network), ("device", .device),
    ]

    /// Reads a short name (`node`, `fip`, …) or one of Blazar's own; anything else is taken as it is.
    public init(named text: String) {
        let short = Self.shortNames.first { $0.name == text.lowercased() }
        self = short?.type ?? ResourceType(rawValue: text)
    }

    public var description: String { rawValue }
}
