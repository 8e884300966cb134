/// The error message in a reply of an OpenStack service, in any of the formats that services use.
///
/// - Blazar: `{"error_code": 400, "error_message": "…", "error_name": …}`, and `{"error": 404, "error_message": "…"}`
///   from the layer below its own code;
/// - Keystone, and every service's token check: `{"error": {"code": 401, "title": "…", "message": "…"}}`;
/// - Nova: `{"forbidden": {"code": 403, "message": "…"}}` under a name for each fault;
/// - Neutron: `{"NeutronError": {"type": "…", "message": "…", "detail": "…"}}`, or with a plain string;
/// - Placement and others after the API working group: `{"errors": [{"detail": "…"}]}`.
struct ServerWords {
    /// The format of a reply.
    enum Shape {
        /// An error in one of OpenStack's formats.
        case openStack
        /// A web page.
        case html
        /// Anything else: other JSON, plain text, nothing, or a body that was cut short.
        case other
    }

    private(set) var shape = Shape.other
    private(set) var message = ""
    /// How long to wait, which some of Nova's faults say in the body.
    private(set) var retryAfter: ServerDelay?

    /// The longest message to keep, in characters. Chameleon's longest contains a whole query and has about 600.
    private static var longestMessage: Int { 4_000 }

    init(contentType: String?, body: [UInt8]) {
        let looksLikeHTML = HTMLHint.looksLikeHTML(body)
        if MediaType.isHTML(contentType) || looksLikeHTML {
            shape = .html
            message = HTMLHint.title(of: body) ?? ""
            return
        }
        let isJSON = contentType.map(MediaType.isJSON) ?? true
        guard isJSON, let value = try? JSONValue(parsing: body) else {
            if MediaType.isPlainText(contentType) {
                message = Self.shortened(String(decoding: body.prefix(Self.longestMessage), as: UTF8.self))
            }
            return
        }
        guard let object = value.objectValue, let found = Self.message(in: object) else { return }
        shape = .openStack
        message = Self.shortened(found)
        retryAfter =
            object.members.lazy.compactMap { member in
                switch member.value["retryAfter"] {
                case .number(let number)?: ServerDelay(digits: number.text)
                case .string(let text)?: ServerDelay(digits: text)
                default: nil
                }
            }.first
    }

    private static func message(in object: JSONObject) -> String? {
        if let message = object["error_message"] { return text(message) }
        if let error = object["error"] { return fault(error) }
        if let error = object["NeutronError"] { return fault(error) ?? text(error) }
        if let errors = object["errors"]?.arrayValue, let first = errors.first {
            return (first["detail"] ?? first["title"]).flatMap(text)
        }
        guard object.count == 1, let only = object.members.first else { return nil }
        return fault(only.value)
    }

    /// The message in `{"code": …, "title": …, "message": …}`.
    private static func fault(_ value: JSONValue) -> String? {
        guard let object = value.objectValue else { return nil }
        return (object["message"] ?? object["title"]).flatMap(text)
    }

    private static func text(_ value: JSONValue) -> String? {
        value.isNull ? nil : value.stringValue ?? value.text()
    }

    private static func shortened(_ text: String) -> String {
        let kept = text.prefix(longestMessage)
        return kept.endIndex == text.endIndex ? text : kept + "…"
    }
}

/// Interprets the value of `Content-Type`.
public enum MediaType {
    /// Whether it is JSON: `application/json`, `application/vnd.….+json`, with or without parameters.
    public static func isJSON(_ contentType: String) -> Bool {
        let type = essence(contentType)
        return type == "application/json" || type.hasSuffix("+json")
    }

    static func isHTML(_ contentType: String?) -> Bool {
        contentType.map(essence).map { $0 == "text/html" || $0 == "application/xhtml+xml" } ?? false
    }

    static func isPlainText(_ contentType: String?) -> Bool { contentType.map(essence) == "text/plain" }

    private static func essence(_ contentType: String) -> String {
        let type = contentType.prefix { $0 != ";" }
        return String(type.filter { !$0.isWhitespace }).lowercased()
    }
}

/// Distinguishes a web page from an API's answer.
enum HTMLHint {
    /// Whether the bytes begin like a web page.
    static func looksLikeHTML(_ bytes: some Collection<UInt8>) -> Bool {
        let start = bytes.prefix(256).drop { $0 <= 0x20 || [0xEF, 0xBB, 0xBF].contains($0) }.prefix(16)
        let text = String(decoding: start, as: UTF8.self).lowercased()
        return ["<!doctype", "<html", "<head", "<body", "<!--", "<?xml", "<title"].contains { text.hasPrefix($0) }
    }

    /// The page's title, or its first heading; `nil` if it has neither.
    static func title(of bytes: [UInt8]) -> String? {
        let page = String(decoding: bytes.prefix(16_384), as: UTF8.self)
        return content(of: "title", in: page) ?? content(of: "h1", in: page)
    }

    private static func content(of tag: String, in page: String) -> String? {
        // Compare bytes: lower-casing may change the number of characters, and with it every index.
        let bytes = Array(page.utf8)
        guard let open = position(of: "<" + tag, in: bytes, from: 0),
            let start = bytes[open...].firstIndex(of: UInt8(ascii: ">")),
            let end = position(of: "</" + tag, in: bytes, from: start + 1)
        else { return nil }
        let text = String(decoding: bytes[(start + 1)..<end].prefix(200), as: UTF8.self)
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.isEmpty ? nil : words
    }

    private static func position(of text: String, in bytes: [UInt8], from start: Int) -> Int? {
        let wanted = Array(text.utf8)
        guard start <= bytes.count, wanted.count <= bytes.count - start else { return nil }
        return (start...(bytes.count - wanted.count)).first { at in
            wanted.indices.allSatisfy { bytes[at + $0] | 0x20 == wanted[$0] | 0x20 }
        }
    }
}
