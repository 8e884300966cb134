/// A key, as a terminal sends it.
enum TopKey: Sendable, Hashable {
    case up, down, pageUp, pageDown, first, last
    case enter, escape, backspace
    case character(Character)

    /// The keys that bytes stand for. What is no key is left out.
    static func keys(_ bytes: [UInt8]) -> [TopKey] {
        var keys: [TopKey] = []
        var rest = Substring(String(decoding: bytes, as: UTF8.self))
        while let character = rest.popFirst() {
            switch character {
            case "\u{1B}":
                guard let next = rest.first, next == "[" || next == "O" else {
                    keys.append(.escape)
                    continue
                }
                rest.removeFirst()
                // Digits and semicolons, and one more that says which key it is.
                let digits = rest.prefix { $0.isNumber || $0 == ";" }
                rest = rest.dropFirst(digits.count)
                if let final = rest.popFirst(), let key = named(digits, final) { keys.append(key) }
            case "\r", "\n", "\r\n": keys.append(.enter)
            case "\u{7F}", "\u{08}": keys.append(.backspace)
            case _ where character.unicodeScalars.allSatisfy { $0.value < 0x20 }: break
            default: keys.append(.character(character))
            }
        }
        return keys
    }

    private static func named(_ digits: Substring, _ final: Character) -> TopKey? {
        switch (digits, final) {
        case (_, "A"): .up
        case (_, "B"): .down
        case (_, "H"), ("1", "~"), ("7", "~"): .first
        case (_, "F"), ("4", "~"), ("8", "~"): .last
        case ("5", "~"): .pageUp
        case ("6", "~"): .pageDown
        default: nil
        }
    }
}
