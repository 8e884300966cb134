/// Random numbers from a seed (SplitMix64: Steele, Lea, Flood 2014): small, and every seed is a good one.
package struct Chance: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { bound <= 1 ? 0 : Int(next() % UInt64(bound)) }
    mutating func number(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }
    mutating func happens(_ percent: Int) -> Bool { below(100) < percent }
    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    /// One of the choices, with probability proportional to its weight.
    mutating func weighted<Element>(_ choices: [(weight: Int, Element)]) -> Element {
        var left = below(choices.reduce(0) { $0 + $1.weight })
        for (weight, element) in choices {
            if left < weight { return element }
            left -= weight
        }
        return choices[choices.count - 1].1
    }
}
