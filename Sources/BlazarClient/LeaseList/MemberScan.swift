internal import LeaseModel

/// Finds an object's own `id` without decoding the object.
enum MemberScan {
    /// The value of the member `id` of the object that the bytes are, wherever it stands; `nil` if there is none, if it
    /// is not a string or empty, or if the bytes before it are not JSON.
    ///
    /// Of two such members the last counts, as in ``JSONObject``.
    ///
    /// - Parameters:
    ///   - bytes: the object.
    ///   - isRepeated: whether there may be more than one such member, so that the first cannot be taken.
    /// - Returns: the id.
    static func id(in bytes: UnsafeRawBufferPointer, isRepeated: Bool = true) -> String? {
        var offset = 1
        var id: String?
        while true {
            offset = skipSpace(in: bytes, from: offset)
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else { return id }
            var scan = ObjectScan()
            guard let keyEnd = scan.skipString(in: bytes, from: offset &+ 1) else { return id }
            let isID = isID(UnsafeRawBufferPointer(rebasing: bytes[offset..<keyEnd]))
            offset = skipSpace(in: bytes, from: keyEnd)
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: ":") else { return id }
            offset = skipSpace(in: bytes, from: offset &+ 1)
            guard let valueEnd = endOfValue(in: bytes, from: offset) else { return id }
            if isID {
                id = string(in: UnsafeRawBufferPointer(rebasing: bytes[offset..<valueEnd]))
                if !isRepeated { return id }
            }
            offset = skipSpace(in: bytes, from: valueEnd)
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: ",") else { return id }
            offset &+= 1
        }
    }

    /// Whether a name, in its quotes, is `id`, with escapes or without.
    private static func isID(_ name: UnsafeRawBufferPointer) -> Bool {
        if name.count == 4 { return name[1] == UInt8(ascii: "i") && name[2] == UInt8(ascii: "d") }
        guard name.count > 4, name.count <= 14, name.contains(UInt8(ascii: "\\")) else { return false }
        return string(in: name) == "id"
    }

    private static func string(in value: UnsafeRawBufferPointer) -> String? {
        guard value.count > 2, value[0] == UInt8(ascii: "\"") else { return nil }
        if !value.contains(UInt8(ascii: "\\")) {
            return String(decoding: value[1..<(value.count - 1)], as: UTF8.self)
        }
        return (try? JSONValue(parsing: Array(value)))?.stringValue
    }

    private static func endOfValue(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        var scan = ObjectScan()
        switch bytes[start] {
        case UInt8(ascii: "\""): return scan.skipString(in: bytes, from: start &+ 1)
        case UInt8(ascii: "{"), UInt8(ascii: "["): return scan.end(in: bytes, from: start)
        default:
            let end = bytes[start...].firstIndex { [UInt8(ascii: ","), UInt8(ascii: "}")].contains($0) }
            return end.flatMap { $0 > start ? $0 : nil }
        }
    }

    private static func skipSpace(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var offset = start
        while offset < bytes.count, bytes[offset].isJSONSpace { offset &+= 1 }
        return offset
    }
}

extension UInt8 {
    /// Whether it is one of JSON's four white-space characters.
    @inline(__always)
    var isJSONSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}
