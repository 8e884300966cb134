/// Numbers by 64-bit keys, for lookups that happen for each of a million leases.
///
/// A `Dictionary` is hardened against keys chosen to collide, which costs most of its time. These keys are made of
/// small numbers that this module assigned itself.
struct NumberTable: Sendable {
    private var keys = [UInt64](repeating: 0, count: 64)
    /// A number plus 1, or 0 if the place is free. At most half of the places are used.
    private var values = [Int32](repeating: 0, count: 64)
    private(set) var count = 0

    /// The number of a key; a new key gets the next number.
    mutating func number(of key: UInt64) -> (number: Int, isNew: Bool) {
        let place = place(of: key)
        if values[place] != 0 { return (Int(values[place]) - 1, false) }
        keys[place] = key
        count += 1
        values[place] = Int32(count)
        if count * 2 > keys.count { grow() }
        return (count - 1, true)
    }

    private func place(of key: UInt64) -> Int {
        // Fibonacci hashing: the high bits of the product depend on the whole key.
        var place = Int((key &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - keys.count.trailingZeroBitCount))
        while values[place] != 0, keys[place] != key { place = (place + 1) & (keys.count - 1) }
        return place
    }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        keys = [UInt64](repeating: 0, count: oldKeys.count * 2)
        values = [Int32](repeating: 0, count: oldKeys.count * 2)
        for (key, value) in zip(oldKeys, oldValues) where value != 0 {
            let place = place(of: key)
            keys[place] = key
            values[place] = value
        }
    }
}
