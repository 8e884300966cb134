/// A random number generator that repeats its sequence for a seed (SplitMix64).
package struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension [UInt8] {
    /// These bytes with some of them changed, removed, duplicated, or cut off.
    package func mutated(using random: inout SeededRandom) -> [UInt8] {
        var bytes = self
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(at..<Swift.min(bytes.count, at + Int.random(in: 1...8, using: &random)))
            case 2: bytes.removeSubrange(at...)
            case 3: bytes.insert(Array("{}[]\",:\\\n0".utf8).randomElement(using: &random) ?? 0, at: at)
            case 4: bytes[at] = Array("{}[]\",:\\".utf8).randomElement(using: &random) ?? 0
            default:
                let end = Swift.min(bytes.count, at + Int.random(in: 1...64, using: &random))
                bytes.insert(contentsOf: Array(bytes[at..<end]), at: at)
            }
        }
        return bytes
    }
}
