import LeaseModel

// Blazar's own API: authentication, microversions, routes.
extension BlazarModel {
    mutating func blazar(_ request: ModelRequest, _ path: String) -> ModelResponse {
        guard let token = blazarToken(request) else {
            let body: JSONValue = [
                "error": ["code": 401, "title": "Unauthorized", "message": .string(Self.unauthorizedMessage)]
            ]
            return .json(401, body, headers: [authenticateHeader])
        }
        if ["", "/", "/versions"].contains(path), request.method == "GET" || request.method == "HEAD" {
            return .json(300, versions)
        }
        guard let route = route(request, path) else { return refusal(.unknownURL, isVersioned: false) }
        guard route.methods.contains(request.method == "HEAD" ? "GET" : request.method) else {
            return refusal(.wrongMethod, isVersioned: false)
        }
        if let problem = microversionProblem(request) { return refusal(problem, isVersioned: false) }
        do {
            return try answer(request, route, token)
        } catch {
            // The framework omits the version headers only for a wrong version, before Blazar's own code.
            return refusal(error, isVersioned: true)
        }
    }

    /// The token, even for a while after it was revoked, because Blazar caches Keystone's validation.
    private func blazarToken(_ request: ModelRequest) -> Identity.Token? {
        guard let id = request.header("X-Auth-Token"), let token = identity.tokens[id], now < token.expiresAt,
            token.project != nil
        else { return nil }
        guard let revokedAt = token.revokedAt else { return token }
        return now < revokedAt.adding(seconds: policy.revokedTokenSeconds) ? token : nil
    }

    private var versions: JSONValue {
        let base = endpoints.reservation.hasSuffix("/v1") ? String(endpoints.reservation.dropLast(3)) : ""
        return [
            "versions": [
                [
                    "id": "v1.0", "status": "CURRENT",
                    "links": [["href": .string(base + "/v1"), "rel": "self"]],
                    "min_version": "1.0", "max_version": "1.0",
                ],
                [
                    "id": "v2.0", "status": "DEPRECATED",
                    "links": [["href": .string(base + "/v2"), "rel": "self"]],
                ],
            ]
        ]
    }

    struct Route {
        let methods: Set<String>
        let parts: [String]
    }

    private func route(_ request: ModelRequest, _ path: String) -> Route? {
        guard path.hasPrefix("/v1/"), !path.hasSuffix("/") else { return nil }
        var parts = path.dropFirst(4).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if let last = parts.last, last.hasSuffix(".json") { parts[parts.count - 1] = String(last.dropLast(5)) }
        guard !parts.contains("") else { return nil }
        let collections: Set<String> =
            dialect == .chameleon ? ["os-hosts", "floatingips", "networks", "devices"] : ["os-hosts", "floatingips"]
        switch (parts[0], parts.count) {
        case ("leases", 1): return Route(methods: ["GET", "POST"], parts: parts)
        case ("leases", 2): return Route(methods: ["GET", "PUT", "DELETE"], parts: parts)
        case ("leases", 3) where dialect == .chameleon && ["hosts", "networks", "devices"].contains(parts[2]):
            return Route(methods: ["GET"], parts: parts)
        case ("plugins", 1): return Route(methods: ["GET"], parts: parts)
        case ("flavor-instances", 2) where policy.countsFlavors && parts[1] == "availability":
            return Route(methods: ["GET"], parts: parts)
        case (let name, 1...2) where collections.contains(name):
            return Route(methods: parts.count == 1 ? ["GET", "POST"] : ["GET", "PUT", "DELETE"], parts: parts)
        case (let name, 3)
        where collections.contains(name) && name != "floatingips" && parts[2] == "allocation":
            return Route(methods: ["GET"], parts: parts)
        default: return nil
        }
    }

    private func microversionProblem(_ request: ModelRequest) -> Refusal? {
        guard let asked = requestedMicroversion(request), asked != "latest", asked != "1.0" else { return nil }
        let numbers = asked.split(separator: ".", omittingEmptySubsequences: false)
        let isVersion =
            numbers.count == 2
            && numbers.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && !$0.isEmpty }
            && !numbers[0].hasPrefix("0") && (numbers[1] == "0" || !numbers[1].hasPrefix("0"))
        guard isVersion else {
            return .framework(
                400, "API Version String \(asked) is of invalid format. Must be of format MajorNum.MinorNum.")
        }
        return .framework(
            406, "Version \(asked) is not supported by the API. Minimum is 1.0 and maximum is 1.0.")
    }

    private func requestedMicroversion(_ request: ModelRequest) -> String? {
        for part in (request.header("OpenStack-API-Version") ?? "").split(separator: ",") {
            let words = part.split(separator: " ")
            if words.count == 2, words[0] == "reservation" { return String(words[1]) }
        }
        return nil
    }

    private mutating func answer(
        _ request: ModelRequest, _ route: Route, _ token: Identity.Token
    ) throws(Refusal) -> ModelResponse {
        let data = try requestData(request)
        switch (route.parts[0], route.parts.count) {
        case ("leases", 1) where request.method == "POST":
            let lease = try createLease(data, token)
            return blazarJSON(201, ["lease": lease.json(dialect)])
        case ("leases", 1): return try listLeases(token, request)
        case ("leases", 2):
            let id = route.parts[1]
            try checkAccess(to: id, token)
            return try answerLease(request.method, id, data)
        case ("leases", _): return leaseResources(of: route.parts[1], route.parts[2])
        case ("plugins", _): throw .obscured
        case ("flavor-instances", _): return blazarJSON(200, try flavorCounts(request))
        default: return try inventoryAnswer(request, route.parts, token)
        }
    }

    private mutating func answerLease(_ method: String, _ id: String, _ data: JSONValue) throws(Refusal)
        -> ModelResponse
    {
        switch method {
        case "PUT": return blazarJSON(200, ["lease": try updateLease(id, data).json(dialect)])
        case "DELETE":
            try deleteLease(id)
            guard dialect == .upstream else { return blazarJSON(200, [:]) }
            var response = blazarJSON(204, [:])
            response.chunks = []
            return response
        default:
            guard let lease = leases[id] else { throw .notFound("lease_id", id) }
            return blazarJSON(200, ["lease": lease.json(dialect)])
        }
    }

    /// Members reach the leases of their project; on Chameleon they reach every lease whose id they know.
    private func checkAccess(to id: String, _ token: Identity.Token) throws(Refusal) {
        guard let lease = leases[id] else { throw .notFound("lease_id", id) }
        guard dialect == .chameleon || token.user.isAdmin || lease.projectID == token.project?.id else {
            throw .policy("leases:get")
        }
    }

    /// The body of a request as Blazar reads it.
    private func requestData(_ request: ModelRequest) throws(Refusal) -> JSONValue {
        guard ["POST", "PUT", "PATCH"].contains(request.method) else { return [:] }
        if request.body.isEmpty {
            // Without a length, Python compares None with zero.
            guard let length = request.header("Content-Length") else { throw .crashed }
            return length == "0" ? [:] : .null
        }
        let type = (request.header("Content-Type") ?? "").split(separator: ";").first ?? ""
        let mime = type.trimmingPrefix(while: \.isWhitespace).lowercased()
        guard mime.isEmpty || mime == "application/json" else {
            throw .framework(400, "Content type '\(mime)' isn't supported")
        }
        guard let value = try? JSONValue(parsing: request.body) else { throw .crashed }
        return value
    }

    private mutating func listLeases(_ token: Identity.Token, _ request: ModelRequest) throws(Refusal) -> ModelResponse
    {
        var chunks: [[UInt8]] = [Array("{\"leases\": [".utf8)]
        let separator = Array(", ".utf8)
        let dialect = dialect
        let page = try leasePage(token, request)
        for id in page.ids {
            if chunks.count > 1 { chunks.append(separator) }
            chunks.append(leases.encoded(id) { $0.json(dialect).pythonBytes })
        }
        let end: JSONValue? = page.next.map { [["rel": "next", "href": .string($0)]] }
        chunks.append(Array((end.map { "], \"leases_links\": \($0.text())}" } ?? "]}").utf8))
        var response = blazarJSON(200, [:])
        response.chunks = chunks
        return response
    }

    /// The leases of a page, and where the next page begins.
    ///
    /// Chameleon's newer servers page by `limit` and `marker`, and show an administrator every project only with
    /// `all_tenants=True`.
    private func leasePage(
        _ token: Identity.Token, _ request: ModelRequest
    ) throws(Refusal) -> (ids: [String], next: String?) {
        let visible = { (seesAll: Bool) in
            leases.order.filter { seesAll || leases[$0]?.projectID == token.project?.id }
        }
        guard let size = policy.pageSize else { return (visible(token.user.isAdmin), nil) }
        var ids = visible(token.user.isAdmin && request.parameter("all_tenants") == "True")[...]
        if let marker = request.parameter("marker") {
            guard let place = ids.firstIndex(of: marker) else { throw .notFound("lease_id", marker) }
            ids = ids[(place + 1)...]
        }
        let limit = min(request.parameter("limit").flatMap { Int($0) } ?? size, size)
        let shown = Array(ids.prefix(max(1, limit)))
        guard policy.linksPages, shown.count < ids.count, let last = shown.last else { return (shown, nil) }
        return (shown, "http://elsewhere.invalid/v1/leases?limit=\(limit)&marker=\(last)")
    }

    mutating func blazarJSON(_ status: Int, _ value: JSONValue) -> ModelResponse {
        .json(
            status, value,
            headers: [
                ("Vary", "OpenStack-API-Version"), ("OpenStack-API-Version", "reservation 1.0"), requestIDHeader(),
            ])
    }

    private mutating func refusal(_ refusal: Refusal, isVersioned: Bool) -> ModelResponse {
        isVersioned
            ? blazarJSON(refusal.status, refusal.body)
            : .json(refusal.status, refusal.body, headers: [requestIDHeader()])
    }
}
