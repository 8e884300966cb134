/// The paths of flavors, below an endpoint that ends in `/v2.1`.
enum FlavorPaths {
    /// Without `is_public=None` an admin is given the public ones only; for anybody else it means nothing.
    static var all: String { "/flavors/detail?is_public=None" }
}
