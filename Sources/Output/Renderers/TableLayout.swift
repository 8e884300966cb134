/// The arithmetic of tables.
enum TableLayout {
    /// A column that may shrink keeps at least so many columns of the terminal, its title or part of it included.
    static let narrowest = 8

    /// What stands around and between the columns.
    struct Frame: Sendable, Hashable {
        let outside: Int
        let between: Int

        /// `| name | status |`
        static let borders = Frame(outside: 4, between: 3)
        /// `NAME  STATUS`
        static let spaces = Frame(outside: 0, between: 2)

        /// What a table of these columns takes in all.
        func width(_ columns: [Int]) -> Int {
            columns.isEmpty ? outside : outside + columns.reduce(0, +) + between * (columns.count - 1)
        }
    }

    /// Widths that make the table fit.
    ///
    /// Only columns that may shrink do, the widest first, until all such are equal. A table that still does not fit is
    /// left too wide: the terminal wraps it, and nothing that was asked for is missing.
    ///
    /// - Parameters:
    ///   - natural: the widths that show everything.
    ///   - canShrink: which columns may be cut.
    ///   - limit: the terminal's width; `nil` if there is no limit.
    ///   - frame: what stands around the columns.
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

    /// The columns that a table shows: as long as it is too wide, it leaves one out that may be, the first by rank.
    ///
    /// - Parameters:
    ///   - natural: the widths that show everything.
    ///   - ranks: how early each is left out; `nil` for those that stay.
    ///   - limit: the terminal's width; `nil` if there is no limit.
    ///   - frame: what stands around the columns.
    /// - Returns: the indices of those that are shown, in order.
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
