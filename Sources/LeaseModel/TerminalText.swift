extension String {
    /// This text with control characters and directional overrides made visible as `\u{1B}` and the like.
    ///
    /// Names and error messages come from other people and machines. Shown raw, they could move the cursor or recolor
    /// what a person reads. Line breaks and tabs count as control characters here.
    public var escapedForTerminal: String {
        guard unicodeScalars.contains(where: Self.isUnsafeOnTerminal) else { return self }
        return unicodeScalars.reduce(into: "") { result, scalar in
            if Self.isUnsafeOnTerminal(scalar) {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isUnsafeOnTerminal(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true
        case 0x200E, 0x200F, 0x202A...0x202E, 0x2028, 0x2029, 0x2066...0x2069: true
        default: false
        }
    }
}
