/// Calculates the widths of tables.
enum TableLayout {
    /// The smallest width to which a column may shrink, including its title or a part of it.
    static let narrowest = 8

    /// The space around and between the columns.
    struct Frame: Sendable, Hashable {
        let outside: Int
        let between: Int

        /// `| name | status |`
        static let borders = Frame(outside: 4, between: 3)
        /// `NAME  STATUS`
        static let spaces = Frame(outside: 0, between: 2)

        /// The total width of a table with these columns.
        func width(_ columns: [Int]) -> Int {
            columns.isEmpty ? outside : outside + columns.reduce(0, +) + between * (columns.count - 1)
        }
    }

    /// Widths that make the table fit.
    ///
    /// Only columns that may shrink do so: the widest first, until all of them are equal. A table that still does not
    /// fit is left too wide; the terminal wraps it, and no requested value is lost.
    ///
    /// - Parameters:
    ///   - natural: the widths that show everything.
    ///   - canShrink: which columns may be cut.
    ///   - limit: the terminal's width; `nil` if there is no limit.
    ///   - frame: the space around the columns.
    /// - Returns: a width for each column.
    static func fit(
        _ natural: [Int], canShrink: [Bool], into limit: Int?, frame: Frame = .borders
    ) -> [Int] {
        guard let limit, frame.width(natural) > limit else { return natural }
        let shrinkable = natural.indices.filter { canShrink[$0] }
        let fixed = frame.width(natural) - shrinkable.reduce(0) { $0 + natural[$1] }
        let available = limit - fixed
        func used(_ cap: Int) -> Int { shrinkable.reduce(0) { $0 + min(natural[$1], cap) } }
        var (low, high) = (narrowest, max(narrowest, natural.max() ?? 0))
        while low < high {
            let middle = (low + high + 1) / 2
            if used(middle) <= available { low = middle } else { high = middle - 1 }
        }
        var widths = natural
        var spare = available - used(low)
        for index in shrinkable where natural[index] > low {
            widths[index] = low + (spare > 0 ? 1 : 0)
            spare -= 1
        }
        return widths
    }

    /// The columns that a table shows. While it is too wide, it drops columns in the order of their ranks.
    ///
    /// - Parameters:
    ///   - natural: the widths that show everything.
    ///   - ranks: the order in which columns are dropped; `nil` for those that stay.
    ///   - limit: the terminal's width; `nil` if there is no limit.
    ///   - frame: the space around the columns.
    /// - Returns: the indices of the shown columns, in order.
    static func kept(
        _ natural: [Int], ranks: [Int?], within limit: Int?, frame: Frame = .borders
    ) -> [Int] {
        var kept = Array(natural.indices)
        guard let limit else { return kept }
        while frame.width(kept.map { natural[$0] }) > limit,
            let first = kept.filter({ ranks[$0] != nil }).min(by: { (ranks[$0] ?? 0) < (ranks[$1] ?? 0) })
        {
            kept.removeAll { $0 == first }
        }
        return kept
    }

    /// A horizontal line: `+----+------+`.
    static func rule(_ widths: [Int]) -> String {
        widths.reduce("+") { $0 + String(repeating: "-", count: $1 + 2) + "+" } + "\n"
    }
}
