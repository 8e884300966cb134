/// Identifiers from a seed: the same seed gives the same ones, in the same order.
struct IdentifierGenerator: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    // SplitMix64 (Steele, Lea, Flood 2014): small, copyable, and every seed is a good one.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A random (version 4) UUID.
    mutating func uuid() -> String {
        let high = next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        var digits: [UInt8] = []
        digits.reserveCapacity(36)
        for position in 0..<32 {
            if [8, 12, 16, 20].contains(position) { digits.append(UInt8(ascii: "-")) }
            digits.append(Self.digit(position < 16 ? high : low, position % 16))
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// 32 hexadecimal digits, like Keystone's identifiers.
    mutating func hex() -> String {
        let words = (next(), next())
        return String(decoding: (0..<32).map { Self.digit($0 < 16 ? words.0 : words.1, $0 % 16) }, as: UTF8.self)
    }

    private static func digit(_ word: UInt64, _ position: Int) -> UInt8 {
        let nibble = UInt8(word >> (60 - 4 * UInt64(position)) & 0xF)
        return nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }
}
