package import Yams

/// Reads YAML that other people wrote, with a limit on its memory.
///
/// An alias repeats a part of a document, and a part with aliases can be repeated again, so a few hundred bytes can
/// stand for billions of values. Therefore all YAML is read here.
package enum YAMLDocument {
    /// A document with more values than this is neither a configuration nor a lease.
    package static let maxValues = 100_000

    /// Why correct YAML is refused.
    package struct TooLarge: Error, CustomStringConvertible {
        package let description: String
    }

    /// The document; `nil` if there is none.
    ///
    /// - Throws: `YamlError` if the text is not YAML, and ``TooLarge`` if its aliases repeat too much.
    package static func compose(_ text: String) throws -> Node? {
        // The parser compares the keys of a mapping, including everything that a key repeats.
        guard !hasCompositeKeys(text) || repeatedBytes(text) <= maxValues else { throw tooLarge }
        guard let root = try Yams.compose(yaml: text) else { return nil }
        var left = maxValues
        count(root, &left)
        guard left >= 0 else { throw tooLarge }
        return root
    }

    private static var tooLarge: TooLarge {
        TooLarge(description: "its aliases (*name) repeat more than \(maxValues) values")
    }

    /// Subtracts each node from the values left, as often as aliases repeat it, until none are left.
    private static func count(_ node: Node, _ left: inout Int) {
        left -= 1
        guard left >= 0 else { return }
        switch node {
        case .scalar, .alias: return
        case .sequence(let elements):
            for element in elements where left >= 0 { count(element, &left) }
        case .mapping(let members):
            for (key, value) in members where left >= 0 {
                count(key, &left)
                count(value, &left)
            }
        }
    }

    /// Whether any key may be more than plain text: an alias, a list or a mapping.
    private static func hasCompositeKeys(_ text: String) -> Bool {
        text.contains("*")
            && (text.contains(/(^|\n|[ \t,\[{\-])\?[ \t\n]/) || text.contains(/\*[A-Za-z0-9_\-]+[ \t]*:/)
                || text.contains(/[\]}][ \t]*:/))
    }

    /// The maximum size of the text, in bytes, with every alias written out. The part that belongs to an anchor ends
    /// before its first alias.
    private static func repeatedBytes(_ text: String) -> Int {
        var total = 0
        var starts: [Substring: Int] = [:]
        var sizes: [Substring: Int] = [:]
        var position = text.startIndex
        for match in text.matches(of: /[&*][A-Za-z0-9_\-]+/) {
            total = min(total + text.utf8.distance(from: position, to: match.range.lowerBound), 1 << 40)
            position = match.range.lowerBound
            let name = match.output.dropFirst()
            if match.output.first == "&" {
                starts[name] = total
                sizes[name] = nil
            } else if let start = starts[name] {
                let size = sizes[name] ?? total - start
                sizes[name] = size
                total = min(total + size, 1 << 40)
            }
        }
        return total + text.utf8.distance(from: position, to: text.endIndex)
    }
}
