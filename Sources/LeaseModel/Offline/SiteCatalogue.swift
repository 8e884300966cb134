/// What is known of the things that a site has, by kind.
public struct SiteCatalogue: Sendable, Hashable {
    private var listed: [ResourceKind: [CatalogueResource]]
    /// The kinds that the site has no list of.
    public let notOffered: Set<ResourceKind>

    /// Makes a catalogue.
    ///
    /// - Parameters:
    ///   - listed: the kinds that the site told of, with what it told.
    ///   - notOffered: the kinds that the site has no list of.
    public init(listed: [ResourceKind: [CatalogueResource]] = [:], notOffered: Set<ResourceKind> = []) {
        self.listed = listed
        self.notOffered = notOffered
    }

    /// What there is of a kind; `nil` if the site does not tell, or has not been asked.
    public subscript(kind: ResourceKind) -> [CatalogueResource]? { listed[kind] }

    /// The names under which the resources of a kind have properties.
    func propertyNames(_ kind: ResourceKind) -> Set<String> {
        (listed[kind] ?? []).reduce(into: []) { $0.formUnion($1.fields.keys) }
    }

    /// The values that occur for a property.
    func values(of property: String, _ kind: ResourceKind) -> Set<String> {
        Set((listed[kind] ?? []).compactMap { $0.fields[property] }.map { $0.stringValue ?? $0.text(.python) })
    }
}
