/// The names and values of a query or a form, in their order. A name may occur more than once.
struct WebFields: Sendable, Hashable {
    private(set) var members: [(name: String, value: String)]

    init(_ members: [(name: String, value: String)] = []) { self.members = members }

    /// Parses `application/x-www-form-urlencoded` text. It never fails: bytes that are not UTF-8 are replaced.
    init(encoded text: some StringProtocol) {
        members = text.split(separator: "&").map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(pair[0]), pair.count > 1 ? Self.decoded(pair[1]) : "")
        }
    }

    /// The first value of a name, without spaces around it; `nil` if there is none, or it is empty.
    subscript(_ name: String) -> String? { all(name).first }

    /// The value of a name, if it is a path of this page. (Two slashes would lead to another host.)
    func path(_ name: String) -> String? {
        self[name].flatMap { $0.hasPrefix("/") && $0.dropFirst().first?.isLetter == true ? $0 : nil }
    }

    /// The values of a name, without empty ones.
    func all(_ name: String) -> [String] {
        members.lazy.filter { $0.name == name }.map { $0.value.trimmed }.filter { !$0.isEmpty }
    }

    /// The same fields with another value of a name, or without it.
    func with(_ name: String, _ value: String?) -> WebFields {
        var fields = WebFields(members.filter { $0.name != name })
        if let value { fields.members.append((name, value)) }
        return fields
    }

    /// The same fields without some names.
    func without(_ names: Set<String>) -> WebFields { WebFields(members.filter { !names.contains($0.name) }) }

    /// The fields as `application/x-www-form-urlencoded` text. Empty values are left out.
    var text: String {
        members.filter { !$0.value.isEmpty }.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }
            .joined(separator: "&")
    }

    /// A text as a part of an address.
    static func encoded(_ text: String) -> String {
        var output: [UInt8] = []
        for byte in text.utf8 {
            if isPlain(byte) {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                for digit in [byte >> 4, byte & 15] { output.append(Self.digits[Int(digit)]) }
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The text that a part of an address stands for.
    static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = true) -> String {
        var output: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "+") where plusIsSpace: output.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = bytes.next(), let low = bytes.next(), let first = value(high), let second = value(low)
                else { continue }
                output.append(first << 4 | second)
            default: output.append(byte)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x37
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._~".utf8.contains(byte)
        }
    }

    static func == (left: WebFields, right: WebFields) -> Bool { left.members.elementsEqual(right.members, by: ==) }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension String {
    /// The text without white space at its ends.
    var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
