import LeaseModel

extension StringProtocol {
    /// The text as it is safe between tags and in quoted attributes. What it holds is a stranger's to choose: control
    /// characters, and those that turn the direction of what follows, are shown as escapes.
    package var escapedForHTML: String {
        var result = ""
        for scalar in String(self).escapedForTerminal.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
