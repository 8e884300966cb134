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
        return [
            Self.digits(of: high >> 32, 8), Self.digits(of: high >> 16, 4), Self.digits(of: high, 4),
            Self.digits(of: low >> 48, 4), Self.digits(of: low, 12),
        ].joined(separator: "-")
    }

    /// 32 hexadecimal digits, like Keystone's identifiers.
    mutating func hex() -> String {
        Self.digits(of: next(), 16) + Self.digits(of: next(), 16)
    }

    /// The last hexadecimal digits of a word.
    private static func digits(of word: UInt64, _ count: Int) -> String {
        let digits = String(word, radix: 16)
        return (String(repeating: "0", count: 16 - digits.count) + digits).suffix(count).description
    }
}
