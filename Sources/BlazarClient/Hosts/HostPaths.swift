/// The paths of hosts, below an endpoint that ends in `/v1`.
enum HostPaths {
    static var all: String { "/os-hosts" }
    static var allocations: String { all + "/allocations" }
    /// The capital letter is Blazar's: it compares the text with `True`.
    static var properties: String { all + "/properties?detail=True" }
}
