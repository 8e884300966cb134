/// A host, to be reserved by its name: python-chi's `chi.hardware.Node`, as far as leases need it.
public struct HardwareNode: Sendable, Hashable {
    /// Its name (`node_name`), by which it is reserved.
    public var name: String
    /// What kind of node it is (`node_type`).
    public var type: String?
    /// The identifier in the site's hardware catalogue (`uid`).
    public var uid: String?
    /// The site.
    public var site: String?
    /// Everything else that is known of it, under the site's own names.
    public var properties: JSONObject

    /// Makes a node.
    public init(
        name: String, type: String? = nil, uid: String? = nil, site: String? = nil, properties: JSONObject = [:]
    ) {
        self.name = name
        self.type = type
        self.uid = uid
        self.site = site
        self.properties = properties
    }

    /// The node that a mirrored host is; `nil` if the site gave it no `node_name` to reserve it by.
    public init?(_ host: MirroredResource) {
        let fields = host.resource.fields
        guard let name = fields["node_name"]?.stringValue, !name.isEmpty else { return nil }
        self.init(
            name: name, type: fields["node_type"]?.stringValue, uid: fields["uid"]?.stringValue, site: host.site,
            properties: fields)
    }
}
