/// Gives each combination of labels a small number.
///
/// A combination is numbered label by label, so that neither an array nor a joined text is made for every row.
struct GroupCodes: Sendable {
    private struct Step: Hashable {
        let group: Int32
        let label: Int32
    }

    private var labelNumbers: [String?: Int32] = [:]
    private var labels: [String?] = []
    private var groups: [Step: Int32] = [:]
    /// How each group came about; the first stands for no label at all.
    private var steps: [Step?] = [nil]

    /// The number of no labels.
    static let none: Int32 = 0

    /// The number of a group with one label more.
    mutating func group(_ group: Int32, adding label: String?) -> Int32 {
        let step = Step(group: group, label: number(of: label))
        if let known = groups[step] { return known }
        let number = Int32(steps.count)
        groups[step] = number
        steps.append(step)
        return number
    }

    private mutating func number(of label: String?) -> Int32 {
        if let known = labelNumbers[label] { return known }
        let number = Int32(labels.count)
        labelNumbers[label] = number
        labels.append(label)
        return number
    }

    /// The labels of a group, the first one first.
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
