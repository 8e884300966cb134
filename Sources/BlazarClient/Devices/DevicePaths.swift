/// The paths of devices (Chameleon), below an endpoint that ends in `/v1`.
enum DevicePaths {
    static var all: String { "/devices" }
    static var allocations: String { all + "/allocations" }
    static var properties: String { all + "/properties?detail=True" }
}
