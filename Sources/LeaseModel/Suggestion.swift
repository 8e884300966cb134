/// Finds what a user may have meant.
package enum Suggestion {
    /// The candidate nearest to what was typed, or `nil` if none is near enough to suggest.
    ///
    /// Near enough is one edit for short names, and one edit per three characters for longer ones. A candidate that
    /// begins with what was typed counts as near.
    package static func nearest(to typed: String, in candidates: some Sequence<String>) -> String? {
        let wanted = Array(typed.lowercased())
        guard !wanted.isEmpty else { return nil }
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let name = Array(candidate.lowercased())
            // Much longer names cannot be near, and a hostile one must not cost quadratic time.
            guard name.count <= 200, wanted.count <= 200 else { continue }
            let isPrefix = wanted.count >= 2 && name.starts(with: wanted)
            let distance = isPrefix ? min(1, name.count - wanted.count) : editDistance(wanted, name)
            let limit = max(1, max(wanted.count, name.count) / 3)
            guard distance <= limit, distance < best?.distance ?? Int.max else { continue }
            best = (candidate, distance)
        }
        return best?.candidate
    }

    /// The number of insertions, deletions, replacements and swaps of neighbors that turn one text into the other
    /// ("optimal string alignment").
    static func editDistance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, leftCharacter) in left.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for (index, rightCharacter) in right.enumerated() {
                var distance = min(
                    last[index + 1] + 1, current[index] + 1, last[index] + (leftCharacter == rightCharacter ? 0 : 1))
                let isSwap =
                    row > 0 && index > 0 && leftCharacter == right[index - 1] && left[row - 1] == rightCharacter
                if isSwap { distance = min(distance, beforeLast[index - 1] + 1) }
                current.append(distance)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
