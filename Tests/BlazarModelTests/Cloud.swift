import BlazarModel
import LeaseModel
import Testing

/// A model with a signed-in user, for short tests.
struct Cloud {
    static let start = Timestamp(secondsSince1970: 1_795_363_980)

    var model: BlazarModel
    private var tokens: [String: String] = [:]
    private var tokensFrom = start

    init(_ dialect: Dialect = .upstream, seed: UInt64 = 1) {
        model = BlazarModel(dialect: dialect, seed: seed, start: Self.start)
    }

    mutating func token(_ account: String) throws -> String {
        if let token = tokens[account] { return token }
        tokensFrom = model.now
        let known = try #require(model.accounts.first { $0.name == account })
        guard case .password(let name, let password, _) = known.proof else { return "" }
        let user: JSONValue = [
            "name": .string(name), "password": .string(password), "domain": ["id": "default"],
        ]
        let body: JSONValue = ["auth": ["identity": ["methods": ["password"], "password": ["user": user]]]]
        let response = model.handle(
            ModelRequest(method: "POST", target: "/identity/v3/auth/tokens", body: Array(body.text().utf8)),
            at: model.now)
        let token = try #require(response.header("X-Subject-Token"))
        tokens[account] = token
        return token
    }

    @discardableResult
    mutating func send(
        _ method: String, _ path: String, _ body: JSONValue? = nil, as account: String = "user1",
        after seconds: Int64 = 0, renewing: Bool = true
    ) throws -> ModelResponse {
        model.advance(to: model.now.adding(seconds: seconds))
        if renewing, model.now.seconds(since: tokensFrom) > 3_000 { tokens = [:] }
        let token = try token(account)
        return model.handle(
            ModelRequest(
                method: method, target: "/v1" + path, headers: [("X-Auth-Token", token)],
                body: body.map { Array($0.text().utf8) } ?? []), at: model.now)
    }

    /// Creates a lease and returns its id.
    mutating func create(
        _ name: String, from start: Int64 = 3_600, to end: Int64 = 7_200, _ reservations: [JSONValue] = [],
        events: [JSONValue] = [], as account: String = "user1"
    ) throws -> String {
        let response = try send(
            "POST", "/leases",
            [
                "name": .string(name), "start_date": .string(model.now.adding(seconds: start).blazarRequest),
                "end_date": .string(model.now.adding(seconds: end).blazarRequest), "reservations": .array(reservations),
                "events": .array(events),
            ], as: account)
        #expect(response.status == 201)
        return try #require(try response.json()["lease"]?["id"]?.stringValue)
    }

    mutating func status(_ id: String, after seconds: Int64 = 0) throws -> String? {
        try send("GET", "/leases/" + id, as: "admin", after: seconds).json()["lease"]?["status"]?.stringValue
    }

    static let host: JSONValue = [
        "resource_type": "physical:host", "min": 1, "max": 1, "hypervisor_properties": "", "resource_properties": "",
    ]
}
