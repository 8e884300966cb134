/// The paths of leases, below an endpoint that ends in `/v1`.
enum LeasePaths {
    static var all: String { "/leases" }
    static func one(_ id: String) -> String { all + "/" + URLText.encoded(id) }
    /// What a lease holds (Chameleon).
    static func hosts(of id: String) -> String { one(id) + "/hosts" }
    static func networks(of id: String) -> String { one(id) + "/networks" }
    static func devices(of id: String) -> String { one(id) + "/devices" }
}
