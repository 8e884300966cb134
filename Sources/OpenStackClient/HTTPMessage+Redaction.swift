import LeaseModel

/// Requests and replies carry tokens in their headers and passwords in their bodies. Their descriptions and mirrors
/// leave those out; the values themselves are unchanged.

extension HTTPFields.Field: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private static let secretNames: Set<String> = [
        "authorization", "cookie", "proxy-authorization", "set-cookie", "x-auth-token", "x-service-token",
        "x-subject-token",
    ]

    var isSecret: Bool { Self.secretNames.contains(name.lowercased()) }
    private var shownValue: String { isSecret ? "***" : value }

    package var description: String { "\(name): \(shownValue)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["name": name, "value": shownValue]) }
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(method) \(DisplayURL.text(url))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror {
        Mirror(
            self,
            children: ["request": description, "headers": headers, "bodyBytes": body?.count ?? 0, "timeouts": timeouts])
    }
}

extension HTTPRequest {
    /// The secrets in the request. They must be hidden in what a server or a proxy says, because it may repeat them.
    package var secrets: [Secret] {
        var found = headers.fields.filter(\.isSecret).flatMap { field in
            // "Bearer TOKEN": the token may also be repeated without the first word.
            [field.value] + field.value.split(separator: " ").dropFirst().map(String.init)
        }
        if let body, headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded") == true {
            found += Self.formSecrets(String(decoding: body, as: UTF8.self))
        } else if let body, headers["content-type"]?.hasPrefix("application/json") == true,
            let auth = (try? JSONValue(parsing: body))?["auth"]
        {
            found += Self.secrets(in: auth["identity"] ?? auth, below: "")
        }
        return found.filter { !$0.isEmpty }.map(Secret.init)
    }

    /// The names of form fields for identity providers whose values need not be hidden.
    private static let plainNames: Set<String> = [
        "client_id", "code_challenge_method", "grant_type", "redirect_uri", "scope", "token_type_hint", "username",
    ]

    private static func formSecrets(_ form: String) -> [String] {
        form.split(separator: "&").flatMap { field -> [String] in
            let parts = field.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, !plainNames.contains(parts[0]) else { return [] }
            return [parts[1], EndpointURL.decoded(parts[1])]
        }
    }

    private static func secrets(in value: JSONValue, below name: String) -> [String] {
        switch value {
        case .object(let object):
            object.members.flatMap { key, value -> [String] in
                let isSecret = ["password", "secret", "passcode"].contains(key) || (name == "token" && key == "id")
                if isSecret, let text = value.stringValue { return [text] }
                return secrets(in: value, below: key)
            }
        case .array(let elements): elements.flatMap { secrets(in: $0, below: name) }
        case .string, .number, .bool, .null: []
        }
    }
}

extension HTTPFields {
    /// The id that OpenStack gives a request, if it looks like one: no service's id is longer than 100 characters.
    package var requestID: String? {
        (self["x-openstack-request-id"] ?? self["x-compute-request-id"]).map {
            $0.count > 100 ? String($0.prefix(8)) + "…" : $0
        }
    }
}

/// A URL that is safe to show: without a user name and password before the host, without query values that may be
/// secret, and without control characters.
enum DisplayURL {
    private static let secretWords = [
        "token", "password", "passwd", "secret", "key", "code", "auth", "sig", "credential",
    ]

    static func text(_ url: String) -> String {
        let halves = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let base = withoutUser(String(halves[0]))
        guard halves.count == 2 else { return base.escapedForTerminal }
        let query = halves[1].split(separator: "&", omittingEmptySubsequences: false).map { item -> String in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].lowercased()
            let isSecret = parts.count == 2 && secretWords.contains { name.contains($0) }
            return isSecret ? "\(parts[0])=***" : String(item)
        }
        return "\(base)?\(query.joined(separator: "&"))".escapedForTerminal
    }

    /// The URL without the user name and password before the host.
    static func withoutUser(_ url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[1].isEmpty, let at = parts[2].lastIndex(of: "@") else { return url }
        let host = parts[2][parts[2].index(after: at)...]
        return (parts[..<2] + [host] + parts[3...]).joined(separator: "/")
    }
}
