import LeaseModel

/// Cuts an object with one array of objects into those, and hashes each: the least that finding a change takes.
///
/// It trusts its input to be such an object, and nothing of what it cuts is kept.
struct PlainScan {
    private(set) var leases = 0
    /// The sum of the digests: it depends on every byte of every lease.
    private(set) var sum: UInt64 = 0
    private var depth = 0
    private var isInString = false
    private var isAfterBackslash = false
    private var pending: [UInt8] = []

    /// Takes the next part.
    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        // The object is at depth 1, its array at 2: a lease begins where depth 3 is reached, and ends where it is left.
        var start = 0
        var depth = depth
        var isInString = isInString
        var isAfterBackslash = isAfterBackslash
        for offset in bytes.indices {
            let byte = bytes[offset]
            if isInString {
                if isAfterBackslash {
                    isAfterBackslash = false
                } else if byte == UInt8(ascii: "\\") {
                    isAfterBackslash = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if byte | 0x20 == UInt8(ascii: "{") {
                depth &+= 1
                if depth == 3 { start = offset }
            } else if byte | 0x20 == UInt8(ascii: "}") {
                depth &-= 1
                if depth == 2 { end(UnsafeRawBufferPointer(rebasing: bytes[start...offset])) }
            }
        }
        if depth > 2 { pending.append(contentsOf: bytes[start...]) }
        (self.depth, self.isInString, self.isAfterBackslash) = (depth, isInString, isAfterBackslash)
    }

    private mutating func end(_ last: UnsafeRawBufferPointer) {
        leases += 1
        guard !pending.isEmpty else {
            sum &+= ContentDigest.digest(of: last)
            return
        }
        pending.append(contentsOf: last)
        sum &+= ContentDigest.digest(of: pending)
        pending.removeAll(keepingCapacity: true)
    }
}
