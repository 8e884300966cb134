/// An HTTP request to the model's cloud.
package struct ModelRequest: Sendable {
    /// `GET`, `POST`, …
    package var method: String
    /// The path and query: `/reservation/v1/leases?x=y`.
    package var target: String
    /// The header fields; names in any case.
    package var headers: [(name: String, value: String)]
    /// The raw body.
    package var body: [UInt8]

    package init(
        method: String, target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// The first header field with a name, whatever its case.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// The path without the query, percent-decoded.
    var path: String {
        Self.percentDecoded(target.prefix { $0 != "?" && $0 != "#" })
    }

    /// The query's parameters in order, percent-decoded.
    var query: [(name: String, value: String)] {
        guard let mark = target.firstIndex(of: "?") else { return [] }
        return target[target.index(after: mark)...].split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? parts[1] : ""
            return (Self.percentDecoded(parts[0], plusIsSpace: true), Self.percentDecoded(value, plusIsSpace: true))
        }
    }

    /// The first query parameter with a name.
    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    private static func percentDecoded(_ text: Substring, plusIsSpace: Bool = false) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var decoded: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                decoded.append(value)
                index += 3
                continue
            }
            decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            index += 1
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}
