import LeaseModel

/// A token and what came with it.
struct KeystoneToken: Sendable {
    let secret: Secret
    let identity: TokenIdentity
    let catalog: ServiceCatalog
    /// When to get a new one, by this computer's clock.
    let renewAt: Timestamp
    /// When to use the saved login that it came from, so that the login stays valid.
    var keepLoginAt: Timestamp?
    /// Counts the tokens of a session, so that a caller can see whether the token was renewed.
    let generation: Int
}

/// When to get a new token.
enum TokenRenewal {
    /// How long before its end a token is replaced, in seconds. Blazar goes on to use a write's token at Nova and
    /// Keystone. If the token ends meanwhile, Blazar answers 500.
    static let marginSeconds: Int64 = 120
    /// The longest lifetime that is believed, in seconds. Keystone's own tokens last hours.
    static let maxLifeSeconds: Int64 = 86_400

    /// When to renew the token, by the local clock.
    ///
    /// The lifetime is the difference of the server's two times, and starts at the local time of the request, so that a
    /// wrong local clock does not make every token look expired. A short lifetime gets a tenth of it as margin.
    static func moment(requestedAt: Timestamp, issuedAt: Timestamp?, expiresAt: Timestamp) -> Timestamp {
        let life = min(max(0, expiresAt.seconds(since: issuedAt ?? requestedAt)), maxLifeSeconds)
        return requestedAt.adding(seconds: life - min(marginSeconds, life / 10))
    }
}

/// A complete answer during authentication.
struct AuthenticationReply: Sendable {
    let status: Int
    let headers: HTTPFields
    let body: [UInt8]
    /// The computer's clock before the request was sent, and when the answer began.
    let sent, received: Timestamp
    /// The request without secrets: `POST https://cloud:5000/v3/auth/tokens`.
    let requestLine: String
    /// The secrets in the request.
    let secrets: [Secret]

    init(
        to request: HTTPRequest, status: Int, headers: HTTPFields, body: [UInt8], sent: Timestamp, received: Timestamp
    ) {
        self.sent = sent
        self.received = received
        self.status = status
        self.headers = headers
        self.body = body
        requestLine = request.description
        secrets = request.secrets
    }

    /// The id with which an operator finds the request in the logs.
    var requestID: String? { headers.requestID.map(redacted) }

    /// Removes the request's secrets from a text of the server, which may repeat them.
    func redacted(_ text: String) -> String { secrets.reduce(text) { $1.redacted(from: $0) } }

    var json: JSONValue? { try? JSONValue(parsing: body) }

    /// The server's own explanation, short and safe to show; `nil` if there is none that can be parsed.
    ///
    /// Keystone writes `{"error": {"message": …}}`, an identity provider `{"error": …, "error_description": …}`.
    func explanation(without secrets: [Secret]) -> String? {
        let json = json
        let text =
            json?["error"]?["message"]?.stringValue ?? json?["error_description"]?.stringValue
            ?? json?["error"]?.stringValue ?? json?["message"]?.stringValue
        guard let text, !text.isEmpty else { return nil }
        let clean = redacted(secrets.reduce(text) { $1.redacted(from: $0) }).escapedForTerminal
        return clean.count > 200 ? clean.prefix(200) + "…" : clean
    }

    /// Whether it is a web page, such as one from a captive portal or a proxy.
    var isPage: Bool {
        if headers["content-type"]?.lowercased().contains("text/html") == true { return true }
        return body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "<")
    }
}

/// The services in a token's catalog.
struct ServiceCatalog: Sendable, Hashable {
    struct Endpoint: Sendable, Hashable {
        let serviceType: String
        let interface: String
        let region: String
        let url: String
    }

    let endpoints: [Endpoint]

    /// Reads `token.catalog`. Entries without a URL are ignored.
    init(_ catalog: JSONValue?) {
        endpoints = (catalog?.arrayValue ?? []).flatMap { service -> [Endpoint] in
            guard let type = service["type"]?.stringValue else { return [] }
            return (service["endpoints"]?.arrayValue ?? []).compactMap { endpoint in
                guard let url = endpoint["url"]?.stringValue, !url.isEmpty else { return nil }
                return Endpoint(
                    serviceType: type, interface: Self.shortInterface(endpoint["interface"]?.stringValue ?? "public"),
                    region: endpoint["region_id"]?.stringValue ?? endpoint["region"]?.stringValue ?? "", url: url)
            }
        }
    }

    private static func shortInterface(_ name: String) -> String {
        name.hasSuffix("URL") ? String(name.dropLast(3)) : name
    }

    /// Types that mean the same service. Today, OpenStack's service-types authority lists no alias for these four; the
    /// catalogs of older sites contain the versioned ones.
    private static let aliases: [ServiceType: [String]] = [
        .reservation: ["reservation"], .compute: ["compute", "computev21", "computev2"],
        .network: ["network", "networking"], .identity: ["identity", "identityv3"],
    ]

    /// Every endpoint of a service.
    func endpoints(of service: ServiceType) -> [Endpoint] {
        let types = Self.aliases[service] ?? [service.rawValue]
        return types.lazy.map { type in endpoints.filter { $0.serviceType == type } }.first { !$0.isEmpty } ?? []
    }

    /// The endpoint of a service in a region.
    ///
    /// - Throws: ``ServiceError`` that says what the catalog contains instead.
    func endpoint(
        of service: ServiceType, region: String?, interface: CloudConfiguration.Interface, cloud: String
    ) throws(ServiceError) -> Endpoint {
        let ofService = endpoints(of: service)
        guard !ofService.isEmpty else {
            throw failure("\(cloud) has no service of type \"\(service.rawValue)\"; it has \(list(\.serviceType))")
        }
        let ofInterface = ofService.filter { $0.interface == interface.rawValue }
        guard !ofInterface.isEmpty else {
            throw failure(
                "\(cloud) has no \(interface.rawValue) endpoint for \"\(service.rawValue)\", only "
                    + "\(Self.list(ofService, \.interface)): set interface in clouds.yaml or OS_INTERFACE")
        }
        let regions = Self.list(ofInterface, \.region)
        guard let region, !region.isEmpty else {
            guard let only = ofInterface.first, ofInterface.allSatisfy({ $0.region == only.region }) else {
                throw failure(
                    "\(cloud) has \"\(service.rawValue)\" in several regions: set region_name in clouds.yaml or "
                        + "OS_REGION_NAME to one of \(regions)")
            }
            return only
        }
        guard let found = ofInterface.first(where: { $0.region == region }) else {
            throw failure(
                "\(cloud) has no \"\(service.rawValue)\" in region \"\(region.escapedForTerminal)\", only in \(regions) "
                    + "(upper and lower case count): correct region_name in clouds.yaml or OS_REGION_NAME")
        }
        return found
    }

    private func list(_ part: (Endpoint) -> String) -> String {
        endpoints.isEmpty ? "an empty catalog" : Self.list(endpoints, part)
    }

    private static func list(_ endpoints: [Endpoint], _ part: (Endpoint) -> String) -> String {
        Set(endpoints.map(part)).sorted().map(\.escapedForTerminal).joined(separator: ", ")
    }

    private func failure(_ message: String) -> ServiceError { ServiceError(kind: .noEndpoint, message: message) }
}
