import LeaseModel

extension StringProtocol {
    /// The text escaped for use between tags and in quoted attributes. Strangers may have written it, so control
    /// characters, and characters that change the direction of text, are shown as escapes.
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
