/// A shell pattern for names: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`, and `\` before a character that is meant itself.
///
/// As `fnmatch(3)` without flags: the whole name must match and case counts. A `[` that is never closed means itself.
package struct GlobPattern: Sendable, Hashable, CustomStringConvertible {
    private enum Token: Sendable, Hashable {
        case anything
        case anyCharacter
        case one(Character)
        case set([ClosedRange<Character>], isNegated: Bool)

        func matches(_ character: Character) -> Bool {
            switch self {
            case .anything, .anyCharacter: true
            case .one(let wanted): wanted == character
            case .set(let ranges, let isNegated): ranges.contains { $0.contains(character) } != isNegated
            }
        }
    }

    /// The pattern as typed.
    package let text: String
    private let tokens: [Token]

    package init(_ text: String) {
        self.text = text
        tokens = Self.tokens(of: Array(text))
    }

    package var description: String { text }

    /// Whether the pattern has anything special in it; if not, it matches only itself.
    package var isLiteral: Bool {
        tokens.allSatisfy { if case .one = $0 { true } else { false } }
    }

    /// Whether the whole name matches. Takes time proportional to the product of both lengths at worst.
    package func matches(_ name: String) -> Bool {
        let name = Array(name)
        var position = 0
        var token = 0
        // Only the last star is ever tried again: what an earlier one could gain, the later one can as well.
        var star: (token: Int, position: Int)?
        while position < name.count {
            if token < tokens.count, tokens[token] == .anything {
                star = (token, position)
                token += 1
            } else if token < tokens.count, tokens[token].matches(name[position]) {
                token += 1
                position += 1
            } else if let last = star {
                star = (last.token, last.position + 1)
                token = last.token + 1
                position = last.position + 1
            } else {
                return false
            }
        }
        return tokens[token...].allSatisfy { $0 == .anything }
    }

    private static func tokens(of pattern: [Character]) -> [Token] {
        var tokens: [Token] = []
        var position = 0
        while position < pattern.count {
            let character = pattern[position]
            position += 1
            switch character {
            case "*":
                if tokens.last != .anything { tokens.append(.anything) }
            case "?":
                tokens.append(.anyCharacter)
            case "\\" where position < pattern.count:
                tokens.append(.one(pattern[position]))
                position += 1
            case "[":
                if let (set, end) = set(in: pattern, from: position) {
                    tokens.append(set)
                    position = end
                } else {
                    tokens.append(.one("["))
                }
            default:
                tokens.append(.one(character))
            }
        }
        return tokens
    }

    /// The set whose `[` stands before `start`, and where it ends; `nil` if it is never closed.
    private static func set(in pattern: [Character], from start: Int) -> (Token, end: Int)? {
        var position = start
        let isNegated = position < pattern.count && (pattern[position] == "!" || pattern[position] == "^")
        if isNegated { position += 1 }
        var ranges: [ClosedRange<Character>] = []
        let first = position
        while position < pattern.count {
            // A `]` that comes first is a member.
            if pattern[position] == "]", position > first { return (.set(ranges, isNegated: isNegated), position + 1) }
            if pattern[position] == "\\", position + 1 < pattern.count { position += 1 }
            let lower = pattern[position]
            position += 1
            guard position + 1 < pattern.count, pattern[position] == "-", pattern[position + 1] != "]" else {
                ranges.append(lower...lower)
                continue
            }
            let upper = pattern[position + 1]
            position += 2
            if lower <= upper { ranges.append(lower...upper) }
        }
        return nil
    }
}
