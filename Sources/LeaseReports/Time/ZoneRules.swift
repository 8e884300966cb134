/// A time zone of the IANA database, parsed from the bytes of its file (TZif, RFC 9636).
///
/// On Linux, Foundation knows named zones only with ICU's data, which would be loaded just for reports, and
/// FoundationEssentials does not know them at all. The C library and Python's `zoneinfo` read the same files, so
/// whoever checks a report finds the same clock changes. The caller finds and reads the file; this module does no I/O.
package struct ZoneRules: Sendable, Hashable {
    /// The moments at which the offset changes, in seconds since 1970; `offsets` has the offset from each one on.
    private let transitions: [Int64]
    private let offsets: [Int]
    private let firstOffset: Int
    /// The rule after the last transition.
    private let rule: YearlyRule?

    /// Parses a zone.
    ///
    /// - Throws: ``ZoneRulesError`` if the bytes are not a TZif file, or a damaged one.
    package init(parsing bytes: [UInt8]) throws(ZoneRulesError) {
        var reader = TZifReader(bytes: bytes)
        let header = try reader.header()
        guard header.version >= 2 else { throw .unsupportedVersion }
        // The first block has 32-bit times only, for old programs.
        try reader.skip(header.blockSize(timeSize: 4))
        let wide = try reader.header()
        transitions = try reader.times(wide.timeCount)
        let indices = try reader.take(wide.timeCount)
        var types: [Int] = []
        for _ in 0..<wide.typeCount { types.append(try reader.localTimeType()) }
        try reader.skip(wide.blockSize(timeSize: 8) - wide.timeCount * 9 - wide.typeCount * 6)
        guard let first = types.first, indices.allSatisfy({ Int($0) < types.count }), isSorted(transitions) else {
            throw .damaged
        }
        firstOffset = first
        offsets = indices.map { types[Int($0)] }
        let footer = try reader.footer()
        rule = footer.isEmpty ? nil : YearlyRule(parsing: footer)
        if !footer.isEmpty, rule == nil { throw .damaged }
    }

    /// How far the zone's clocks are ahead of UTC at a moment.
    ///
    /// - Parameter moment: seconds since 1970.
    /// - Returns: the seconds; negative west of Greenwich.
    package func offsetSeconds(at moment: Int64) -> Int {
        guard let last = transitions.last, moment < last else {
            return rule?.offsetSeconds(at: moment) ?? offsets.last ?? firstOffset
        }
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : offsets[low - 1]
    }
}

/// Why bytes are not a time zone.
package enum ZoneRulesError: Error, Sendable, Hashable {
    /// Not a TZif file.
    case notTZif
    /// TZif version 1, without a rule for the future; none has been made since 2005.
    case unsupportedVersion
    /// The file is cut short, or contradicts itself.
    case damaged
}

private func isSorted(_ moments: [Int64]) -> Bool { zip(moments, moments.dropFirst()).allSatisfy(<) }

/// Reads the parts of a TZif file one after the other.
private struct TZifReader {
    struct Header {
        let version: Int
        let counts: [Int]
        var timeCount: Int { counts[3] }
        var typeCount: Int { counts[4] }

        /// The size in bytes of the block after the header (RFC 9636, section 3.2).
        func blockSize(timeSize: Int) -> Int {
            timeCount * (timeSize + 1) + typeCount * 6 + counts[5] + counts[2] * (timeSize + 4) + counts[1] + counts[0]
        }
    }

    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func take(_ count: Int) throws(ZoneRulesError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - position else { throw .damaged }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func skip(_ count: Int) throws(ZoneRulesError) { _ = try take(count) }

    mutating func header() throws(ZoneRulesError) -> Header {
        guard bytes.count - position >= 44, bytes[position..<position + 4].elementsEqual("TZif".utf8) else {
            throw position == 0 ? .notTZif : .damaged
        }
        try skip(4)
        let version = try take(16).first.map { $0 >= UInt8(ascii: "2") ? Int($0 - UInt8(ascii: "0")) : 1 } ?? 1
        var counts: [Int] = []
        for _ in 0..<6 { counts.append(Int(try number(4))) }
        return Header(version: version, counts: counts)
    }

    mutating func times(_ count: Int) throws(ZoneRulesError) -> [Int64] {
        guard count <= (bytes.count - position) / 8 else { throw .damaged }
        var times: [Int64] = []
        for _ in 0..<count { times.append(Int64(bitPattern: try number(8))) }
        return times
    }

    /// The offset of a local time type. Its name, and whether it is summer time, do not matter here.
    mutating func localTimeType() throws(ZoneRulesError) -> Int {
        let offset = Int32(truncatingIfNeeded: Int64(try number(4)))
        try skip(2)
        guard abs(Int(offset)) < 7 * 86_400 else { throw .damaged }
        return Int(offset)
    }

    mutating func footer() throws(ZoneRulesError) -> String {
        let rest = bytes[position...]
        guard rest.count >= 2, rest.first == 0x0A, rest.last == 0x0A else { throw .damaged }
        return String(decoding: rest.dropFirst().dropLast(), as: UTF8.self)
    }

    private mutating func number(_ size: Int) throws(ZoneRulesError) -> UInt64 {
        try take(size).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
