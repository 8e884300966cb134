/// Parses the structure around the leases of a list: `{"leases": [` … `, ` … `]}`, and other members before and after.
///
/// It works byte by byte, since a list contains little of this. The bytes may come in parts.
struct ListStructure {
    enum Fault: Error {
        case unexpected(offset: Int)
        case noLeasesArray
        case elementNotObject
        case trailing(offset: Int)
    }

    private enum State {
        case beforeObject
        case beforeFirstKey
        case beforeKey
        case inKey
        case beforeColon
        case beforeValue
        case inString
        case inNested
        case inScalar
        case afterValue
        case beforeFirstElement
        case beforeElement
        case afterElement
        case complete
    }

    private var state = State.beforeObject
    private var key: [UInt8] = []
    private var isLeasesKey = false
    private var hasLeases = false
    private var isLinksKey = false
    /// The value of the member `leases_links`, which leads to the next page; empty if there is none.
    private(set) var links: [UInt8] = []
    private static let longestLinks = 16 << 10
    private var nested = ObjectScan()

    /// Whether the object that contains the list has ended.
    var isComplete: Bool { state == .complete }

    /// The offset at which the next lease begins; `nil` if the bytes end first.
    ///
    /// Call it again with the offset after that lease.
    mutating func startOfElement(in bytes: UnsafeRawBufferPointer, from start: Int) throws(Fault) -> Int? {
        var offset = start
        while offset < bytes.count {
            switch state {
            case .inKey, .inString, .inNested:
                guard let end = skip(in: bytes, from: offset) else { return nil }
                offset = end
                continue
            case .inScalar:
                // The byte after a scalar belongs to the structure, so it is examined again.
                if !bytes[offset].isPartOfScalar {
                    state = .afterValue
                    continue
                }
            default:
                if bytes[offset].isJSONSpace { break }
                if try take(bytes[offset], at: offset) { return offset }
                // A string is scanned from the byte after its quote, a nested value from its bracket.
                if state == .inNested { continue }
            }
            offset += 1
        }
        return nil
    }

    /// Skips the current string or nested value. Returns the offset after it; `nil` if the bytes end first.
    private mutating func skip(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        let end =
            state == .inNested
            ? nested.end(in: bytes, from: start) : nested.skipString(in: bytes, from: start)
        if state == .inNested, isLinksKey, links.count < Self.longestLinks {
            links += bytes[start..<(end ?? bytes.count)].prefix(Self.longestLinks)
        }
        if state == .inKey, key.count < 16 { key += bytes[start..<(end ?? bytes.count)].prefix(16) }
        guard let end else { return nil }
        if state == .inKey {
            isLeasesKey = key == Array("leases\"".utf8)
            isLinksKey = key == Array("leases_links\"".utf8)
            if isLinksKey { links = [] }
            key = []
            state = .beforeColon
        } else {
            state = .afterValue
        }
        return end
    }

    /// Processes one byte of the structure. Returns `true` if it begins a lease.
    private mutating func take(_ byte: UInt8, at offset: Int) throws(Fault) -> Bool {
        switch (state, byte) {
        case (.beforeObject, UInt8(ascii: "{")): state = .beforeFirstKey
        case (.beforeObject, UInt8(ascii: "[")): throw .noLeasesArray
        case (.beforeFirstKey, UInt8(ascii: "\"")), (.beforeKey, UInt8(ascii: "\"")):
            nested = ObjectScan()
            state = .inKey
        case (.beforeColon, UInt8(ascii: ":")): state = .beforeValue
        case (.beforeValue, _): try beginValue(byte, at: offset)
        case (.afterValue, UInt8(ascii: ",")): state = .beforeKey
        case (.beforeFirstKey, UInt8(ascii: "}")), (.afterValue, UInt8(ascii: "}")):
            guard hasLeases else { throw .noLeasesArray }
            state = .complete
        case (.beforeFirstElement, UInt8(ascii: "]")), (.afterElement, UInt8(ascii: "]")): state = .afterValue
        case (.afterElement, UInt8(ascii: ",")): state = .beforeElement
        case (.beforeFirstElement, UInt8(ascii: "{")), (.beforeElement, UInt8(ascii: "{")):
            state = .afterElement
            return true
        case (.beforeFirstElement, _), (.beforeElement, _):
            throw byte.beginsScalar || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "[")
                ? .elementNotObject : .unexpected(offset: offset)
        case (.complete, _): throw .trailing(offset: offset)
        default: throw .unexpected(offset: offset)
        }
        return false
    }

    private mutating func beginValue(_ byte: UInt8, at offset: Int) throws(Fault) {
        if isLeasesKey {
            guard byte == UInt8(ascii: "["), !hasLeases else { throw .noLeasesArray }
            hasLeases = true
            isLeasesKey = false
            state = .beforeFirstElement
            return
        }
        nested = ObjectScan()
        switch byte {
        case UInt8(ascii: "\""): state = .inString
        case UInt8(ascii: "{"), UInt8(ascii: "["): state = .inNested
        case _ where byte.beginsScalar: state = .inScalar
        default: throw .unexpected(offset: offset)
        }
    }
}

extension UInt8 {
    /// Whether a number, `true`, `false` or `null` can begin with it.
    fileprivate var beginsScalar: Bool {
        self == UInt8(ascii: "-") || (0x30...0x39).contains(self)
            || [UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n")].contains(self)
    }

    /// Whether it can occur in a number, `true`, `false` or `null`.
    fileprivate var isPartOfScalar: Bool {
        (0x30...0x39).contains(self) || (0x61...0x7A).contains(self)
            || [UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "E")].contains(self)
    }
}
