/// The paths of Neutron, below an endpoint without a version.
enum NetworkPaths {
    static func networks(fields: [String]) -> String {
        "/v2.0/networks" + URLText.query(fields.map { ("fields", $0) })
    }

    static func floatingIPs(tag: String?, fields: [String]) -> String {
        "/v2.0/floatingips" + URLText.query((tag.map { [("tags", $0)] } ?? []) + fields.map { ("fields", $0) })
    }
}
