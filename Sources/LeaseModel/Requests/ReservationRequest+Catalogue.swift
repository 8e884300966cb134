// What a person says by name and Blazar takes by id, found among what the site is known to have.
extension ReservationRequest {
    /// The name of the network that python-chi takes floating IPs from.
    public static let publicNetworkName = "public"

    /// The network that floating IPs come from: the external one called `public`, as python-chi has it, or the only
    /// external one there is.
    ///
    /// - Parameter networks: the networks of one site.
    /// - Returns: the network's id.
    /// - Throws: ``DraftError`` of field `network_id` if there is none, or more than one that it may be.
    public static func publicNetworkID(among networks: [CatalogueResource]) throws(DraftError) -> String {
        let external = networks.filter { $0.fields["router:external"]?.boolValue == true }
        let named = external.filter { $0.name == publicNetworkName }
        let likely = named.isEmpty ? external : named
        guard likely.count < 2 else {
            let all = likely.map { "\($0.id) (\($0.name ?? "no name"))" }.sorted().joined(separator: ", ")
            throw DraftError(field: "network_id", problem: "is unclear: there are several public networks: \(all)")
        }
        guard let network = likely.first else {
            throw DraftError(
                field: "network_id",
                problem: "is not known: there is no public network among the \(networks.count) in the local database")
        }
        return network.id
    }

    /// The id of the flavor of that name; a text that is a flavor's id is taken for it.
    ///
    /// - Parameters:
    ///   - name: the name, or an id.
    ///   - flavors: the flavors of one site.
    /// - Returns: the flavor's id.
    /// - Throws: ``DraftError`` of field `name` if there is none, or more than one.
    public static func flavorID(
        named name: String, among flavors: [CatalogueResource]
    ) throws(DraftError) -> String {
        if flavors.contains(where: { $0.id == name }) { return name }
        let found = flavors.filter { $0.name == name }
        guard found.count < 2 else {
            throw DraftError(
                field: "name",
                problem: "is that of several flavors: \(found.map(\.id).sorted().joined(separator: ", ")); use an id")
        }
        guard let flavor = found.first else {
            let known = flavors.compactMap(\.name).sorted().prefix(20).joined(separator: ", ")
            throw DraftError(
                field: "name",
                problem: "'\(name)' is no flavor in the local database"
                    + (known.isEmpty ? ", which has none" : ": there are \(known)"))
        }
        return flavor.id
    }
}
