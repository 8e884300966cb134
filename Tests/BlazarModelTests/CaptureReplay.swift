import BlazarModel
import Foundation
import LeaseModel

/// One recorded request to a real cloud, with its answer.
struct Capture {
    let name: String
    let user: String
    let moment: Timestamp
    let request: ModelRequest
    let isTokenless: Bool
    let status: Int
    let answerHeaders: JSONObject
    let answer: JSONValue

    /// Reads the recordings of a cloud.
    static func load(_ dialect: Dialect) throws -> [Capture] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appending(path: "Fixtures/BlazarModel/\(dialect.rawValue).jsonl")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            let json = try JSONValue(parsing: String(line))
            let headers = json["headers"]?.objectValue?.members.map { ($0.key, $0.value.stringValue ?? "") } ?? []
            return Capture(
                name: json["name"]?.stringValue ?? "", user: json["user"]?.stringValue ?? "",
                moment: Timestamp(secondsSince1970: Int64(json["at"]?.intValue ?? 0)),
                request: ModelRequest(
                    method: json["method"]?.stringValue ?? "", target: json["target"]?.stringValue ?? "",
                    headers: headers, body: Array((json["body"]?.stringValue ?? "").utf8)),
                isTokenless: json["tokenless"]?.boolValue ?? false, status: json["status"]?.intValue ?? 0,
                answerHeaders: json["answerHeaders"]?.objectValue ?? [:], answer: json["answer"] ?? .null)
        }
    }
}

/// Sends recorded requests to a model, in the order and at the times of the recording, and says what differs.
struct CaptureReplay {
    var model: BlazarModel
    private var tokens: [String: String] = [:]
    /// The recorded identifiers of what was made, and the model's.
    private var identifiers: [(recorded: String, own: String)] = []

    init(model: BlazarModel) { self.model = model }

    /// Sends a request and returns what differs from the recorded answer.
    mutating func send(_ capture: Capture) throws -> [String] {
        var request = capture.request
        if !capture.isTokenless, !capture.name.contains("bad-token"), request.header("X-Auth-Token") == nil {
            request.headers.append(("X-Auth-Token", try token(of: capture)))
        }
        try findUnanswered(capture)
        request.target = own(request.target)
        request.body = Array(own(String(decoding: request.body, as: UTF8.self)).utf8)
        let response = model.handle(request, at: max(capture.moment, model.now))
        let answer = response.body.isEmpty ? JSONValue.null : try response.json()
        var differences: [String] = []
        if response.status != capture.status {
            differences.append("\(capture.name): \(response.status) for \(capture.status): \(answer.text())")
            return differences
        }
        learn(capture.answer, answer)
        for path in ["error_message", "error_name"] {
            let recorded = JSONValue.string(own(capture.answer[path].map { $0.stringValue ?? $0.text() } ?? ""))
            let given = JSONValue.string(answer[path].map { $0.stringValue ?? $0.text() } ?? "")
            if Self.withoutRequestID(recorded) != Self.withoutRequestID(given) {
                differences.append("\(capture.name): \(path) \(given.text()) for \(recorded.text())")
            }
        }
        if let shape = Shape(Self.withoutParts(capture.answer)).difference(
            from: Shape(Self.withoutParts(answer)), at: "")
        {
            differences.append("\(capture.name): \(shape)")
        }
        for key in ["status", "start_date", "end_date", "name"] {
            let recorded = capture.answer["lease"]?[key]
            if recorded != answer["lease"]?[key] {
                differences.append("\(capture.name): \(key) is \(answer["lease"]?[key]?.text() ?? "missing")")
            }
        }
        for (name, value) in capture.answerHeaders.members
        where name.lowercased() != "www-authenticate"
            && !response.headers.contains(where: { $0.name.lowercased() == name && $0.value == value.stringValue })
        {
            differences.append("\(capture.name): \(name) is \(response.header(name) ?? "missing")")
        }
        return differences
    }

    /// Of a list of leases only the first was kept, so that not every type of reservation is among them.
    private static func withoutParts(_ answer: JSONValue) -> JSONValue {
        guard let leases = answer["leases"]?.arrayValue else { return answer }
        return .array(
            leases.map { lease in
                var members = lease.objectValue ?? [:]
                members["reservations"] = nil
                return .object(members)
            })
    }

    /// A creation that failed may have left a lease, whose identifier the recording then shows: its name tells which.
    private mutating func findUnanswered(_ capture: Capture) throws {
        guard let lease = capture.answer["lease"], let id = lease["id"]?.stringValue,
            !identifiers.contains(where: { $0.recorded == id }), capture.request.method == "GET"
        else { return }
        for other in try leases(at: capture) where other["name"] == lease["name"] && other["status"] == "CREATING" {
            learn(capture.answer, ["lease": other])
        }
    }

    private mutating func leases(at capture: Capture) throws -> [JSONValue] {
        let admin = try token("admin", at: capture.moment)
        let request = ModelRequest(method: "GET", target: "/v1/leases", headers: [("X-Auth-Token", admin)])
        let list = try model.handle(request, at: max(capture.moment, model.now)).json()
        return list["leases"]?.arrayValue ?? []
    }

    /// Deletes every lease but those of these names, as was done between two recordings without one.
    mutating func cleanUp(before capture: Capture, keeping names: [String]) throws {
        for lease in try leases(at: capture) where !names.contains(lease["name"]?.stringValue ?? "") {
            guard let id = lease["id"]?.stringValue else { continue }
            let admin = try token("admin", at: capture.moment)
            let request = ModelRequest(
                method: "DELETE", target: "/v1/leases/" + id, headers: [("X-Auth-Token", admin)])
            _ = model.handle(request, at: model.now)
        }
    }

    private static func withoutRequestID(_ value: JSONValue) -> String {
        let text = value.stringValue ?? ""
        return text.range(of: "req-").map { String(text[..<$0.lowerBound]) } ?? text
    }

    private mutating func token(of capture: Capture) throws -> String {
        let kind =
            capture.name.contains("restricted") && !capture.name.contains("unrestricted")
            ? "-appcred-restricted" : capture.name.contains("appcred") ? "-appcred" : ""
        return try token(capture.user + kind, at: capture.moment)
    }

    private mutating func token(_ account: String, at moment: Timestamp) throws -> String {
        if let token = tokens[account] { return token }
        guard let known = model.accounts.first(where: { $0.name == account }) else { return "none" }
        let identity: JSONValue
        switch known.proof {
        case .password(let username, let password, _):
            let user: JSONValue = [
                "name": .string(username), "password": .string(password), "domain": ["name": "Default"],
            ]
            identity = ["methods": ["password"], "password": ["user": user]]
        case .applicationCredential(let id, let secret):
            identity = [
                "methods": ["application_credential"],
                "application_credential": ["id": .string(id), "secret": .string(secret)],
            ]
        }
        let body: JSONValue = ["auth": ["identity": identity]]
        let response = model.handle(
            ModelRequest(method: "POST", target: "/identity/v3/auth/tokens", body: Array(body.text().utf8)),
            at: max(moment, model.now))
        let token = response.header("X-Subject-Token") ?? ""
        tokens[account] = token
        return token
    }

    private func own(_ text: String) -> String {
        var text = text
        for (recorded, own) in identifiers where text.contains(recorded) {
            text = text.replacingOccurrences(of: recorded, with: own)
        }
        return text
    }

    private mutating func learn(_ recorded: JSONValue, _ given: JSONValue) {
        guard let old = recorded["lease"], let new = given["lease"], let oldID = old["id"]?.stringValue,
            let newID = new["id"]?.stringValue, oldID != newID
        else { return }
        identifiers.append((oldID, newID))
        let made = new["reservations"]?.arrayValue ?? []
        for reservation in old["reservations"]?.arrayValue ?? [] {
            let twin = made.first { $0["resource_type"] == reservation["resource_type"] }
            guard let oldID = reservation["id"]?.stringValue, let newID = twin?["id"]?.stringValue else { continue }
            identifiers.append((oldID, newID))
        }
    }
}

/// What a JSON value consists of: names and kinds, not values.
indirect enum Shape: Equatable {
    case object([String: Shape])
    case array(Shape?)
    case scalar(String)
    /// `null`, which any kind may be instead.
    case nothing

    init(_ value: JSONValue) {
        switch value {
        case .null: self = .nothing
        case .object(let object):
            // A reservation's resource class is named after it.
            let members = object.members.map { member in
                (member.key.hasPrefix("resources:CUSTOM_") ? "resources:CUSTOM" : member.key, Shape(member.value))
            }
            self = .object(Dictionary(members) { $1 })
        case .array(let elements): self = .array(elements.map(Shape.init).reduce(nil) { $0?.merged(with: $1) ?? $1 })
        default: self = .scalar(value.kind)
        }
    }

    private func merged(with other: Shape) -> Shape {
        switch (self, other) {
        case (.object(let left), .object(let right)): .object(left.merging(right) { $0.merged(with: $1) })
        case (.array(let left?), .array(let right?)): .array(left.merged(with: right))
        case (.array(nil), .array): other
        case (.nothing, _): other
        default: self
        }
    }

    /// Where two shapes part; `nil` if they do not.
    func difference(from other: Shape, at path: String) -> String? {
        switch (self, other) {
        case (.object(let recorded), .object(let given)):
            guard Set(recorded.keys) == Set(given.keys) else {
                let missing = Set(recorded.keys).subtracting(given.keys).sorted()
                let extra = Set(given.keys).subtracting(recorded.keys).sorted()
                return "\(path) lacks \(missing), has \(extra) too"
            }
            for (key, shape) in recorded {
                if let given = given[key], let found = shape.difference(from: given, at: path + "." + key) {
                    return found
                }
            }
            return nil
        case (.array(let recorded?), .array(let given?)): return recorded.difference(from: given, at: path + "[]")
        case (.array, .array), (.nothing, _), (_, .nothing): return nil
        default: return self == other ? nil : "\(path) is \(other) for \(self)"
        }
    }
}
