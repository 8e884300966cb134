import LeaseModel

/// The value of an option that takes `NAME=VALUE,NAME=VALUE`, for example `amount=2,node_type=compute_skylake`.
struct NamedArguments {
    /// The option, for messages.
    let option: String
    private var values: [(name: String, value: String)]

    /// Parses a text. Commas inside brackets, braces and quotes belong to the value.
    ///
    /// - Parameters:
    ///   - text: the text as typed.
    ///   - option: the option, for messages.
    ///   - known: the accepted names; `nil` for any.
    /// - Throws: ``CommandError`` for a part without a name, a repeated name, or an unknown one.
    init(_ text: String, option: String, known: [String]? = nil) throws(CommandError) {
        self.option = option
        values = []
        var parts = Self.split(text)
        // People put the amount first: 2,node_type=compute_skylake.
        if let known, known.contains("amount"), let first = parts.first, Int(first.trimmed) != nil {
            values.append(("amount", first.trimmed))
            parts.removeFirst()
        }
        for part in parts {
            guard let equals = part.firstIndex(of: "="), equals != part.startIndex else {
                let example = known?.first ?? "name"
                throw .usage("\(option) takes NAME=VALUE,..., such as \(example)=…; '\(part)' is not of that form.")
            }
            let name = String(part[..<equals]).trimmed
            if let known, !known.contains(name) {
                let suggestion = Suggestion.nearest(to: name, in: known).map { " Did you mean '\($0)'?" } ?? ""
                throw .usage(
                    "\(option) has no '\(name)'.\(suggestion) It takes \(known.joined(separator: ", ")).")
            }
            guard self[name] == nil else { throw .usage("\(option) has '\(name)' twice.") }
            values.append((name, String(part[part.index(after: equals)...]).trimmed))
        }
    }

    /// The names, in the order in which they were typed.
    var names: [String] { values.map(\.name) }

    /// The value with this name.
    subscript(name: String) -> String? { values.first { $0.name == name }?.value }

    /// The value of the first of these synonyms that was given.
    func text(_ names: String...) -> String? { names.lazy.compactMap { self[$0] }.first }

    /// The value as a whole number of at least 1.
    func count(_ names: String...) throws(CommandError) -> Int? {
        for name in names {
            guard let value = self[name] else { continue }
            guard let number = Int(value), number > 0 else {
                throw .usage("\(option): \(name) takes a whole number, 1 or more, not '\(value)'.")
            }
            return number
        }
        return nil
    }

    /// Splits at commas outside brackets and quotes.
    private static func split(_ text: String) -> [String] {
        var parts: [String] = []
        var part = ""
        var depth = 0
        var isQuoted = false
        for character in text {
            switch character {
            case "\"": isQuoted.toggle()
            case "[", "{": if !isQuoted { depth += 1 }
            case "]", "}": if !isQuoted { depth -= 1 }
            case "," where depth == 0 && !isQuoted:
                parts.append(part)
                part = ""
                continue
            default: break
            }
            part.append(character)
        }
        return parts + [part]
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
