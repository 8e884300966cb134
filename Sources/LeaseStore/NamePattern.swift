import LeaseModel

/// A shell pattern for names, translated for SQLite's `GLOB`.
///
/// People type `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`, and `\` to escape a character, as for `fnmatch(3)`. `GLOB` writes
/// `[^abc]` for `[!abc]`, has no escape, and matches nothing if a `[` is never closed
/// (https://www.sqlite.org/lang_expr.html#glob). Every pattern is translated here and matched by SQLite, so there is
/// one dialect; glibc's `fnmatch` would compare bytes unless the process has set a locale.
package struct NamePattern {
    /// The pattern for `GLOB`.
    private(set) var glob = ""

    // By scalars, as GLOB compares: a keycap is one character, and begins with a `*`.
    init(_ shell: String) {
        let scalars = Array(shell.unicodeScalars)
        var position = 0
        while position < scalars.count {
            let scalar = scalars[position]
            position += 1
            switch scalar {
            case "*", "?": glob.unicodeScalars.append(scalar)
            case "\\" where position < scalars.count:
                glob += GlobText.literal(scalars[position])
                position += 1
            case "[":
                guard let (set, end) = Self.set(in: scalars, from: position) else {
                    glob += GlobText.literal("[")
                    continue
                }
                glob += set
                position = end
            default: glob += GlobText.literal(scalar)
            }
        }
    }

    /// A pattern that matches only this name.
    package static func shell(matchingOnly name: String) -> String {
        name.unicodeScalars.map { "*?[\\".unicodeScalars.contains($0) ? "\\\($0)" : "\($0)" }.joined()
    }

    /// The set whose `[` stands before `start`, for `GLOB`, and where it ends; `nil` if it is never closed.
    private static func set(in pattern: [Unicode.Scalar], from start: Int) -> (String, end: Int)? {
        var position = start
        let isNegated = position < pattern.count && (pattern[position] == "!" || pattern[position] == "^")
        if isNegated { position += 1 }
        let first = position
        var ranges: [ClosedRange<UInt32>] = []
        while position < pattern.count {
            // A `]` that comes first is a member.
            guard pattern[position] != "]" || position == first else {
                return (text(of: ranges, isNegated: isNegated), position + 1)
            }
            let lower = member(in: pattern, at: &position)
            guard position + 1 < pattern.count, pattern[position] == "-", pattern[position + 1] != "]" else {
                ranges.append(lower...lower)
                continue
            }
            position += 1
            let upper = member(in: pattern, at: &position)
            if lower <= upper { ranges.append(lower...upper) }
        }
        return nil
    }

    private static func member(in pattern: [Unicode.Scalar], at position: inout Int) -> UInt32 {
        if pattern[position] == "\\", position + 1 < pattern.count { position += 1 }
        position += 1
        return pattern[position - 1].value
    }

    /// A set of scalars as `GLOB` writes it: `]` goes first, `-` last, and `^` anywhere but first.
    private static func text(of ranges: [ClosedRange<UInt32>], isNegated: Bool) -> String {
        let special = "]^-".unicodeScalars.filter { scalar in ranges.contains { $0.contains(scalar.value) } }
        let others = special.reduce(ranges) { ranges, scalar in ranges.flatMap { $0.removing(scalar.value) } }
        var members = String.UnicodeScalarView()
        if special.contains("]") { members.append("]") }
        for range in others {
            guard let lower = Unicode.Scalar(range.lowerBound), let upper = Unicode.Scalar(range.upperBound) else {
                continue
            }
            members += [lower, "-", upper]
        }
        let hasHyphen = special.contains("-")
        if special.contains("^") {
            guard !members.isEmpty || isNegated || hasHyphen else { return "^" }
            // A leading `-` is a member as well, and keeps the `^` from the first place.
            if members.isEmpty, !isNegated { members.append("-") }
            members.append("^")
        }
        if hasHyphen, members.first != "-" { members.append("-") }
        guard !members.isEmpty else { return isNegated ? "?" : "[b-a]" }
        return "[\(isNegated ? "^" : "")\(String(members))]"
    }
}

extension ClosedRange<UInt32> {
    /// What remains without a member.
    fileprivate func removing(_ value: UInt32) -> [ClosedRange<UInt32>] {
        guard contains(value) else { return [self] }
        let before = lowerBound < value ? [lowerBound...(value - 1)] : []
        return before + (value < upperBound ? [(value + 1)...upperBound] : [])
    }
}
