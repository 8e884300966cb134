package import LeaseModel
package import OpenStackClient

/// The parts of Keystone's API that are needed besides tokens: the names of projects and users.
package struct IdentityAPI: Sendable {
    let caller: ServiceCaller

    /// - Parameters:
    ///   - session: the session, which finds the endpoint (ending in `/v3`) and adds the token.
    ///   - now: the clock, for a `Retry-After` that is a date.
    package init(session: any ServiceSession, now: @escaping @Sendable () -> Timestamp) {
        caller = ServiceCaller(session: session, now: now)
    }
}

/// The paths of Keystone, relative to an endpoint that ends in `/v3`.
enum IdentityPaths {
    static var ownProjects: String { "/auth/projects" }
    static var allProjects: String { "/projects" }
    static var allUsers: String { "/users" }
}

extension IdentityAPI {
    /// The projects that the user is a member of. Anyone may ask for them.
    package func ownProjects() async throws(ServiceError) -> Offered<[CatalogResource]> {
        try await caller.resources(
            .init(.identity, "GET", IdentityPaths.ownProjects), member: "projects", kind: .project)
    }

    /// All projects, for administrators.
    package func allProjects() async throws(ServiceError) -> Offered<[CatalogResource]> {
        try await caller.resources(
            .init(.identity, "GET", IdentityPaths.allProjects), member: "projects", kind: .project)
    }

    /// All users, for administrators.
    package func allUsers() async throws(ServiceError) -> Offered<[CatalogResource]> {
        try await caller.resources(.init(.identity, "GET", IdentityPaths.allUsers), member: "users", kind: .user)
    }
}

extension IdentityAPI {
    /// When an application credential of a user expires. The inner value is `nil` if it never does.
    ///
    /// A restricted credential may not ask about itself, so the answer is then `forbidden`.
    package func end(
        ofApplicationCredential reference: ApplicationCredentialReference, user: String
    ) async throws(ServiceError) -> Offered<Timestamp?> {
        let all = "\(IdentityPaths.allUsers)/\(URLText.encoded(user))/application_credentials"
        let path =
            switch reference {
            case .id(let id): "\(all)/\(URLText.encoded(id))"
            case .name(let name, _): all + URLText.query([("name", name)])
            }
        let reply = try await caller.call(ServiceRequest(.identity, "GET", path))
        guard let object = reply.object else { return Offered(refusal: reply.failure()) }
        let found = object["application_credential"] ?? object["application_credentials"]?.arrayValue?.first
        return .listed(found?["expires_at"]?.stringValue.flatMap(Timestamp.init(parsing:)))
    }
}

/// The parts of Nova's API that are needed.
package struct ComputeAPI: Sendable {
    let caller: ServiceCaller

    /// - Parameters:
    ///   - session: the session, which finds the endpoint (ending in `/v2.1`) and adds the token.
    ///   - now: the clock, for a `Retry-After` that is a date.
    package init(session: any ServiceSession, now: @escaping @Sendable () -> Timestamp) {
        caller = ServiceCaller(session: session, now: now)
    }
}

/// The paths of flavors, relative to an endpoint that ends in `/v2.1`.
enum FlavorPaths {
    /// Without `is_public=None` an administrator gets only the public flavors. For others it has no effect.
    static var all: String { "/flavors/detail?is_public=None" }
}

extension ComputeAPI {
    /// From this version on, Nova lists each flavor with its extra specs, which name the reservation it belongs to.
    private static var inlineExtraSpecs: HTTPFields {
        ["OpenStack-API-Version": "compute 2.61", "X-OpenStack-Nova-API-Version": "2.61"]
    }

    /// The flavors that the token can see: public ones, and those of its project's flavor and instance reservations,
    /// whose ids are the reservations' ids.
    ///
    /// They include their extra specs, unless Nova is older than microversion 2.61 (Queens).
    package func flavors() async throws(ServiceError) -> Offered<[CatalogResource]> {
        let outcome = try await flavors(headers: Self.inlineExtraSpecs)
        guard case .failed(let failure) = outcome, failure.status == 406 else { return outcome }
        return try await flavors(headers: [:])
    }

    private func flavors(headers: HTTPFields) async throws(ServiceError) -> Offered<[CatalogResource]> {
        let request = ServiceRequest(.compute, "GET", FlavorPaths.all, headers: headers)
        return try await caller.resources(request, member: "flavors", kind: .flavor)
    }
}

/// The parts of Neutron's API that are needed.
package struct NetworkAPI: Sendable {
    let caller: ServiceCaller

    /// - Parameters:
    ///   - session: the session, which finds the endpoint (without `/v2.0`) and adds the token.
    ///   - now: the clock, for a `Retry-After` that is a date.
    package init(session: any ServiceSession, now: @escaping @Sendable () -> Timestamp) {
        caller = ServiceCaller(session: session, now: now)
    }
}

/// The paths of Neutron, relative to an endpoint without a version.
enum NetworkPaths {
    static func networks(fields: [String]) -> String {
        "/v2.0/networks" + URLText.query(fields.map { ("fields", $0) })
    }

    static func floatingIPs(tag: String?, fields: [String]) -> String {
        "/v2.0/floatingips" + URLText.query((tag.map { [("tags", $0)] } ?? []) + fields.map { ("fields", $0) })
    }
}

extension NetworkAPI {
    /// The networks that the token can see.
    ///
    /// - Parameter fields: the members to request besides `id` and `name`; empty for all.
    /// - Returns: the networks, or why there are none.
    /// - Throws: ``ServiceError`` if the cloud could not be asked.
    package func networks(fields: [String] = []) async throws(ServiceError) -> Offered<[CatalogResource]> {
        let path = NetworkPaths.networks(fields: withIdentity(fields, name: "name"))
        return try await caller.resources(.init(.network, "GET", path), member: "networks", kind: .network)
    }

    /// The floating IPs that the token can see: in its project or, for an administrator, in all projects.
    ///
    /// - Parameters:
    ///   - reservationID: if given, only the floating IPs of this reservation, which Blazar marks with a tag.
    ///   - fields: the members to request besides `id` and the address; empty for all.
    /// - Returns: the floating IPs, or why there are none.
    /// - Throws: ``ServiceError`` if the cloud could not be asked.
    package func floatingIPs(
        reservationID: String? = nil, fields: [String] = []
    ) async throws(ServiceError) -> Offered<[CatalogResource]> {
        let path = NetworkPaths.floatingIPs(
            tag: reservationID.map { "reservation:" + $0 }, fields: withIdentity(fields, name: "floating_ip_address"))
        return try await caller.resources(.init(.network, "GET", path), member: "floatingips", kind: .floatingIP)
    }

    private func withIdentity(_ fields: [String], name: String) -> [String] {
        fields.isEmpty ? [] : ["id", name] + fields.filter { $0 != "id" && $0 != name }
    }
}
