/// Gives each combination of labels a small number.
///
/// A combination is numbered label by label, so no row needs an array or a joined text.
struct GroupCodes: Sendable {
    private struct Step {
        let group: Int32
        let label: Int32
    }

    private var labelNumbers: [String?: Int32] = [:]
    private var labels: [String?] = []
    private var groups = NumberTable()
    /// The last label; the next one is often the same.
    private var recent: (label: String?, number: Int32)?
    /// How each group was built; the first has no labels.
    private var steps: [Step?] = [nil]

    /// The number of the group without labels.
    static let none: Int32 = 0

    /// The number of a group with one more label.
    mutating func group(_ group: Int32, adding label: String?) -> Int32 {
        let step = Step(group: group, label: number(of: label))
        let key = UInt64(UInt32(bitPattern: step.group)) << 32 | UInt64(UInt32(bitPattern: step.label))
        let (number, isNew) = groups.number(of: key)
        if isNew { steps.append(step) }
        return Int32(number + 1)
    }

    private mutating func number(of label: String?) -> Int32 {
        if let recent, recent.label == label { return recent.number }
        let number = labelNumbers[label] ?? Int32(labels.count)
        if Int(number) == labels.count {
            labelNumbers[label] = number
            labels.append(label)
        }
        recent = (label, number)
        return number
    }

    /// Merges the groups of another table.
    ///
    /// - Returns: the number of each group here, by its number there.
    mutating func merge(_ other: GroupCodes) -> [Int32] {
        var numbers = [Self.none]
        // A group is built from one that came before it.
        for step in other.steps.dropFirst() {
            guard let step else { continue }
            numbers.append(group(numbers[Int(step.group)], adding: other.labels[Int(step.label)]))
        }
        return numbers
    }

    /// The labels of a group, in order.
    func labels(of group: Int32) -> [String?] {
        var found: [String?] = []
        var group = group
        while let step = steps[Int(group)] {
            found.append(labels[Int(step.label)])
            group = step.group
        }
        return found.reversed()
    }
}
