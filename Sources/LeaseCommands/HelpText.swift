extension String {
    /// A help text in which each paragraph is one line, so that help is wrapped only to the width of the terminal.
    /// Indented lines, such as examples, and lines below a heading stay as they are.
    static func paragraphs(_ text: String) -> String {
        var lines: [String] = []
        var joins = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            let isHeading = !line.isEmpty && line == line.uppercased() && line.allSatisfy { $0.isLetter || $0 == " " }
            let isText = !line.isEmpty && !line.hasPrefix(" ") && !isHeading
            if isText, joins {
                lines[lines.count - 1] += " " + line
            } else {
                lines.append(line)
            }
            joins = isText
        }
        return lines.joined(separator: "\n")
    }
}
