internal import LeaseModel

/// Finds the end of a JSON object or array whose bytes come in parts.
///
/// Strings are skipped eight bytes at a time. Most of a lease is strings, and every byte of a list passes through this
/// loop.
struct ObjectScan {
    private var depth = 0
    private var isInString = false
    private var isAfterBackslash = false
    /// How many of the object's own strings, names or values, may be `id`. If there is more than one, the member may be
    /// repeated.
    private(set) var idCount = 0

    /// Continues scanning at an offset. The first byte ever scanned must be the opening bracket.
    ///
    /// Only the nesting is checked, not the grammar. The decoder of the value checks that.
    ///
    /// - Returns: the offset after the closing bracket; `nil` if the bytes end first.
    @inline(__always)
    mutating func end(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var offset = start
        var depth = self.depth
        let count = bytes.count
        if isInString {
            guard let next = skipString(in: bytes, from: offset) else { return nil }
            offset = next
        }
        while offset < count {
            let byte = bytes[offset]
            offset &+= 1
            if byte == UInt8(ascii: "\"") {
                if depth == 1, Self.mayBeID(bytes, at: offset) { idCount &+= 1 }
                // By far the most common case is a string without a backslash that ends in this part.
                guard let next = skipString(in: bytes, from: offset) else {
                    self.depth = depth
                    return nil
                }
                offset = next
            } else if byte | 0x20 == UInt8(ascii: "{") {
                // `{` and `[` differ only in this bit, as do `}` and `]`.
                depth &+= 1
            } else if byte | 0x20 == UInt8(ascii: "}") {
                depth &-= 1
                if depth == 0 {
                    self.depth = 0
                    return offset
                }
            }
        }
        self.depth = depth
        return nil
    }

    /// Whether the string at an offset may be `id`: it is, or it contains an escape, or it continues in the next part.
    @inline(__always)
    private static func mayBeID(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        guard offset &+ 2 < bytes.count else { return true }
        let (first, second) = (bytes[offset], bytes[offset &+ 1])
        let backslash = UInt8(ascii: "\\")
        return first == UInt8(ascii: "i") && second == UInt8(ascii: "d") || first == backslash || second == backslash
    }

    /// Returns the offset after the closing quote; `nil` if the bytes end inside the string, and the next call
    /// continues there.
    @inline(__always)
    mutating func skipString(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var offset = start
        let count = bytes.count
        if isAfterBackslash, offset < count {
            isAfterBackslash = false
            offset &+= 1
        }
        while true {
            offset = Self.firstQuoteOrBackslash(in: bytes, from: offset)
            guard offset < count else {
                isInString = true
                return nil
            }
            if bytes[offset] == UInt8(ascii: "\"") {
                isInString = false
                return offset &+ 1
            }
            guard offset &+ 1 < count else {
                isInString = true
                isAfterBackslash = true
                return nil
            }
            offset &+= 2
        }
    }

    /// The offset of the next quote or backslash; at or after the end if there is none.
    @inline(__always)
    private static func firstQuoteOrBackslash(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let quotes = ones &* UInt64(UInt8(ascii: "\""))
        let backslashes = ones &* UInt64(UInt8(ascii: "\\"))
        var offset = start
        let count = bytes.count
        while offset &+ 8 <= count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            // A zero byte of x sets the high bit of that byte in (x - ones) & ~x. A borrow can wrongly set a higher bit
            // but never a lower one. So the lowest bit is right, and only the lowest is used.
            let quote = word ^ quotes
            let backslash = word ^ backslashes
            let hits = (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)) & highs
            if hits != 0 { return offset &+ hits.trailingZeroBitCount >> 3 }
            offset &+= 8
        }
        while offset < count, bytes[offset] != UInt8(ascii: "\""), bytes[offset] != UInt8(ascii: "\\") { offset &+= 1 }
        return offset
    }
}

/// Finds an object's own `id` without decoding the object.
enum MemberScan {
    /// The value of the member `id`, at whatever position in the object; `nil` if there is none, if it is empty or not
    /// a string, or if the bytes before it are not JSON.
    ///
    /// If the member is repeated, the last one counts, as in ``JSONObject``.
    ///
    /// - Parameters:
    ///   - bytes: the object.
    ///   - isRepeated: whether the member may be repeated, so that the first one must not be used.
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

    /// Whether a name, including its quotes, is `id`, with or without escapes.
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
