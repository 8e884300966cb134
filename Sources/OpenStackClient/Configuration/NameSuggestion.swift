/// Finds the name somebody probably meant.
enum NameSuggestion {
    /// The closest of the names, if it is close: at most a third of the letters differ.
    static func closest(to name: String, in names: [String]) -> String? {
        let ranked = names.map { (distance(name.lowercased(), $0.lowercased()), $0) }.min { $0.0 < $1.0 }
        guard let (distance, closest) = ranked, distance <= max(1, name.count / 3) else { return nil }
        return closest
    }

    /// Levenshtein's distance, by one row.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (right[column] == character ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, row[column + 1] + 1)
            }
        }
        return row[right.count]
    }
}
