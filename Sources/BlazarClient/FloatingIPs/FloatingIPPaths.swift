/// The paths of Blazar's floating IPs, below an endpoint that ends in `/v1`.
enum FloatingIPPaths {
    static var all: String { "/floatingips" }
    /// No release seen has it; Chameleon reads `allocations` as an id and answers 404.
    static var allocations: String { all + "/allocations" }
}
