/// How the URL of a service is written so that two spellings of it are equal.
public enum SiteEndpoint {
    /// The URL with its scheme and host in lower case, without a standard port, user, query, or slash at its end.
    ///
    /// A text that is no URL is given back without the white space around it.
    public static func normalized(_ url: String) -> String {
        let text = trimmed(url[...])
        guard let colon = text.firstRange(of: "://") else { return String(text) }
        let scheme = text[..<colon.lowerBound].lowercased()
        let rest = text[colon.upperBound...].prefix { $0 != "?" && $0 != "#" }
        var authority = rest.prefix { $0 != "/" }
        var path = rest[authority.endIndex...]
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        while path.last == "/" { path.removeLast() }
        return "\(scheme)://\(self.authority(authority, scheme: scheme))\(path)"
    }

    /// The same of Keystone's URL, without the version of its interface: entries name it or leave it out.
    public static func normalizedIdentity(_ url: String) -> String {
        let text = normalized(url)
        for version in ["/v3", "/v2.0"] where text.hasSuffix(version) {
            return normalized(String(text.dropLast(version.count)))
        }
        return text
    }

    private static func authority(_ text: Substring, scheme: String) -> String {
        var host = text
        var port: Substring = ""
        // An IPv6 address has colons of its own, between brackets.
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            host = text[..<colon]
            port = text[text.index(after: colon)...].drop { $0 == "0" }
        }
        if host.last == "." { host.removeLast() }
        let isStandard = port.isEmpty || (scheme, port) == ("http", "80") || (scheme, port) == ("https", "443")
        return host.lowercased() + (isStandard ? "" : ":\(port)")
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
