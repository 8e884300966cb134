/// A shell pattern for names, translated for SQLite's `GLOB`.
///
/// People type `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`, and `\` to escape a character, as for `fnmatch(3)`. `GLOB` writes
/// `[^abc]` for `[!abc]`, has no escape, and matches nothing if a `[` is never closed
/// (https://www.sqlite.org/lang_expr.html#glob). Every pattern is translated here and matched by SQLite, so there is
/// one dialect; glibc's `fnmatch` would compare bytes unless the process has set a locale.
struct NamePattern {
    /// The pattern for `GLOB`.
    private(set) var glob = ""

    init(_ shell: String) {
        let characters = Array(shell)
        var position = 0
        while position < characters.count {
            let character = characters[position]
            position += 1
            switch character {
            case "*", "?": glob.append(character)
            case "\\" where position < characters.count:
                glob += Self.literal(characters[position])
                position += 1
            case "[":
                guard let (set, end) = Self.set(in: characters, from: position) else {
                    glob += Self.literal("[")
                    continue
                }
                glob += set
                position = end
            default: glob += Self.literal(character)
            }
        }
    }

    private static func literal(_ character: Character) -> String {
        "*?[".contains(character) ? "[\(character)]" : String(character)
    }

    /// The set that begins before `start`, in `GLOB`'s syntax, and where it ends; `nil` if it is never closed.
    private static func set(in pattern: [Character], from start: Int) -> (String, end: Int)? {
        var position = start
        let isNegated = position < pattern.count && (pattern[position] == "!" || pattern[position] == "^")
        if isNegated { position += 1 }
        let first = position
        var ranges = ""
        // In a set these three can have a special meaning, depending on their place. Each is moved to where it is
        // literal.
        var special: Set<Character> = []
        while position < pattern.count {
            // A `]` in first place is a member of the set.
            guard pattern[position] != "]" || position == first else {
                return (join(ranges, special, isNegated: isNegated), position + 1)
            }
            if pattern[position] == "\\", position + 1 < pattern.count { position += 1 }
            let lower = pattern[position]
            position += 1
            if position + 1 < pattern.count, pattern[position] == "-", pattern[position + 1] != "]" {
                let upper = pattern[position + 1]
                position += 2
                if lower <= upper { ranges += "\(lower)-\(upper)" }
            } else if "]^-".contains(lower) {
                special.insert(lower)
            } else {
                ranges.append(lower)
            }
        }
        return nil
    }

    private static func join(_ ranges: String, _ special: Set<Character>, isNegated: Bool) -> String {
        if ranges.isEmpty, special == ["^"], !isNegated { return "^" }
        let (first, middle, last) = ("]", "^", "-")
        let members =
            (special.contains("]") ? first : "") + ranges + (special.contains("^") ? middle : "")
            + (special.contains("-") ? last : "")
        // A leading `^` would negate the set; a `-` in first place prevents that.
        let isAmbiguous = !isNegated && members.hasPrefix("^")
        return "[\(isNegated ? "^" : "")\(isAmbiguous ? "-^" : members)]"
    }
}
