import LeaseModel

/// Requests and replies carry tokens in their headers and passwords in their bodies. What they print and reflect as
/// leaves those out; the values themselves are untouched.

extension HTTPFields.Field: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private static let secretNames: Set<String> = [
        "authorization", "cookie", "proxy-authorization", "set-cookie", "x-auth-token", "x-service-token",
        "x-subject-token",
    ]

    private var shownValue: String { Self.secretNames.contains(name.lowercased()) ? "***" : value }

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

/// A URL as it may be shown: without a user name and password before the host, and without control characters.
enum DisplayURL {
    static func text(_ url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[1].isEmpty, let at = parts[2].lastIndex(of: "@") else {
            return url.escapedForTerminal
        }
        let host = parts[2][parts[2].index(after: at)...]
        return (parts[..<2] + [host] + parts[3...]).joined(separator: "/").escapedForTerminal
    }
}
