/// A property by which a site's hosts or devices can be asked for, as `/v1/os-hosts/properties?detail=True` gives it.
public struct CatalogueProperty: Sendable, Hashable {
    /// What has it.
    public var resourceKind: ResourceKind
    /// Its name: `node_type`, `architecture.smt_size`.
    public var name: String
    /// The values that occur, in the server's order; empty if the server does not tell them.
    public var values: [String]
    /// Whether the site means it for operators only; `nil` if the server does not say.
    public var isPrivate: Bool?
    /// Every other field of the server's, kept as it came.
    public var extra: JSONObject

    /// Makes a property from its parts.
    public init(
        resourceKind: ResourceKind, name: String, values: [String] = [], isPrivate: Bool? = nil,
        extra: JSONObject = [:]
    ) {
        self.resourceKind = resourceKind
        self.name = name
        self.values = values
        self.isPrivate = isPrivate
        self.extra = extra
    }

    /// Reads a property from an element of `resource_properties`; `nil` if it has no name.
    public init?(resourceKind: ResourceKind, json object: JSONObject) {
        var fields = FieldReader(object)
        guard let name = fields.string("property"), !name.isEmpty else { return nil }
        self.init(
            resourceKind: resourceKind, name: name,
            values: (fields.array("values") ?? []).map { $0.stringValue ?? $0.text() },
            isPrivate: fields.bool("private"))
        extra = fields.remainder
    }
}
