package import LeaseModel

/// A deterministic Blazar in memory, with as much of Keystone, Nova and Neutron as Leasehold reads.
///
/// It is a value: copy it to fork a cloud, or compare runs by their seeds. It has no clock, does no I/O, and answers
/// every request at once; effects of a network or a busy server are for the caller to add. It follows Blazar 18.0.0 and
/// Chameleon's fork, including their quirks; a differential test compares it with the real ones.
package struct BlazarModel: Sendable {
    package let dialect: Dialect
    /// The URLs in the service catalog and in links.
    package var endpoints: ModelEndpoints
    /// The site's decisions, which may change at any time.
    package var policy: ModelPolicy
    /// The cloud's time: that of the last request or ``advance(to:)``.
    package internal(set) var now: Timestamp
    var identifiers: IdentifierGenerator
    var identity = Identity()
    var inventory: Inventory
    var leases = LeaseTable()
    var allocations = AllocationBook()
    var eventLoop: EventLoop
    /// Nova's aggregates are numbered; 1 is the free pool.
    var lastAggregate = 1

    /// Makes a cloud without leases.
    ///
    /// - Parameters:
    ///   - dialect: which Blazar it is.
    ///   - seed: the seed of identifiers, tokens and secrets.
    ///   - start: the time at which the cloud starts; its event loop runs every 10 s from then.
    ///   - endpoints: the URLs in the service catalog; requests are distinguished by their paths.
    ///   - policy: the site's decisions; by default those of a new installation.
    ///   - hosts: the hosts; by default devcloud's three, or three like Chameleon's.
    package init(
        dialect: Dialect, seed: UInt64, start: Timestamp, endpoints: ModelEndpoints = .devcloud,
        policy: ModelPolicy? = nil, hosts: [ModelHost]? = nil
    ) {
        self.dialect = dialect
        self.endpoints = endpoints
        self.policy = policy ?? ModelPolicy(dialect: dialect)
        now = start
        identifiers = IdentifierGenerator(seed: seed)
        inventory = Inventory(dialect: dialect, hosts: hosts, registeredAt: start)
        eventLoop = EventLoop(firstTick: start)
    }

    /// Answers a request, after running what was due before it.
    ///
    /// - Parameters:
    ///   - request: the client's request.
    ///   - moment: when it arrives; not before ``now``.
    /// - Returns: the whole answer.
    package mutating func handle(_ request: ModelRequest, at moment: Timestamp) -> ModelResponse {
        advance(to: moment)
        var response = respond(to: request)
        response.headers.insert(("Date", now.httpDate), at: 0)
        if request.method == "HEAD" {
            response.headers.append(("Content-Length", String(response.contentLength)))
            response.chunks = []
        }
        return response
    }

    private mutating func respond(to request: ModelRequest) -> ModelResponse {
        let path = request.path
        if let rest = Self.path(path, under: "/identity") { return keystone(request, rest) }
        if let rest = Self.path(path, under: "/compute/v2.1") ?? Self.path(path, under: "/v2.1") {
            return nova(request, rest)
        }
        if path == "/compute" || path == "/compute/" { return novaVersions() }
        if let rest = Self.path(path, under: "/networking/v2.0") ?? Self.path(path, under: "/v2.0") {
            return neutron(request, rest)
        }
        if path == "/networking" || path == "/networking/" { return neutronVersions() }
        return blazar(request, Self.path(path, under: "/reservation") ?? path)
    }

    /// What follows a prefix that ends at a slash or at the end of the path.
    private static func path(_ path: String, under prefix: String) -> String? {
        guard path.hasPrefix(prefix) else { return nil }
        let rest = path.dropFirst(prefix.count)
        return rest.isEmpty || rest.hasPrefix("/") ? String(rest) : nil
    }

    /// Whether a lease exists, without a request.
    package func hasLease(_ id: String) -> Bool { leases[id] != nil }

    mutating func requestIDHeader() -> (name: String, value: String) {
        ("x-openstack-request-id", "req-" + identifiers.uuid())
    }
}
