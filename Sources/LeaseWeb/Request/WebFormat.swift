import Output

/// The form in which a view is requested: the end of its address.
enum WebFormat: String, Sendable, CaseIterable {
    case html
    case json
    case csv
    case ics

    /// The content type.
    var type: String {
        switch self {
        case .html: "text/html; charset=utf-8"
        case .json: "application/json"
        case .csv: "text/csv; charset=utf-8"
        case .ics: "text/calendar; charset=utf-8"
        }
    }

    /// The format of the commands that writes the same; `nil` if none does.
    var output: OutputFormat? {
        switch self {
        case .json: .json
        case .csv: .csv
        case .html, .ics: nil
        }
    }

    /// The path without the ending that names a format, and the format. A path without one is for a page.
    static func split(_ path: String) -> (path: String, format: WebFormat) {
        for format in allCases where format != .html && path.hasSuffix(".\(format.rawValue)") {
            return (String(path.dropLast(format.rawValue.count + 1)), format)
        }
        return (path, .html)
    }
}
