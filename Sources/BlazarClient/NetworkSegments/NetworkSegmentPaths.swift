/// The paths of Blazar's networks (Chameleon), below an endpoint that ends in `/v1`.
enum NetworkSegmentPaths {
    static var all: String { "/networks" }
    static var allocations: String { all + "/allocations" }
}
