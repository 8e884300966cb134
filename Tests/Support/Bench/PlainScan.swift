import LeaseModel

/// Cuts an object with one array of objects, and hashes each element: the minimum needed to find changes.
///
/// It trusts its input, and keeps nothing of what it cuts.
struct PlainScan {
    private(set) var leases = 0
    /// The sum of the digests, which depends on every byte of every lease.
    private(set) var sum: UInt64 = 0
    private var depth = 0
    private var isInString = false
    private var isAfterBackslash = false
    private var pending: [UInt8] = []

    /// Processes the next part.
    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        // The object is at depth 1 and its array at depth 2, so a lease begins where depth 3 is entered, and ends where
        // it is left.
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
