/// A column to sort by, and the direction, as given to `--sort`.
package struct SortKey: Sendable, Hashable {
    /// The column's key or title, as typed.
    package let column: String
    /// Whether the largest value comes first.
    package let isDescending: Bool

    package init(column: String, isDescending: Bool = false) {
        self.column = column
        self.isDescending = isDescending
    }

    /// Parses `start_date`, `-start_date`, `start_date:desc` or `start_date:asc`.
    package init?(argument: String) {
        var name = Substring(argument)
        var isDescending = false
        if name.hasPrefix("-") {
            isDescending = true
            name.removeFirst()
        } else if name.lowercased().hasSuffix(":desc") {
            isDescending = true
            name.removeLast(5)
        } else if name.lowercased().hasSuffix(":asc") {
            name.removeLast(4)
        }
        guard !name.isEmpty else { return nil }
        self.init(column: String(name), isDescending: isDescending)
    }
}
