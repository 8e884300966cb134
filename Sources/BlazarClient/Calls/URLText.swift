/// Percent-encodes what is put into a path or a query.
enum URLText {
    /// One segment of a path, or one value of a query: everything but RFC 3986's unreserved characters is encoded.
    ///
    /// `.` and `..` are encoded too, since as whole segments they would lead elsewhere.
    static func encoded(_ text: String) -> String {
        let isDots = text == "." || text == ".."
        return text.utf8.reduce(into: "") { result, byte in
            if isUnreserved(byte), !isDots {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
    }

    /// A query with its question mark; empty without parameters.
    static func query(_ parameters: [(String, String)]) -> String {
        guard !parameters.isEmpty else { return "" }
        return "?" + parameters.map { "\(encoded($0))=\(encoded($1))" }.joined(separator: "&")
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
