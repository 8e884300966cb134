import LeaseModel

/// The frame of a report in a single file: embedded styles, no script, nothing loaded from elsewhere.
package enum ReportPage {
    /// The beginning of the page, before charts and tables.
    package static func beginning(title: String, remarks: [String]) -> String {
        let lines = remarks.map { "<p>\($0.escapedForHTML)</p>\n" }.joined()
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
            base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="referrer" content="no-referrer">
            <title>\(title.escapedForHTML)</title>
            <style>
            \(styles)
            </style>
            </head>
            <body>
            <svg width="0" height="0" aria-hidden="true" class="patterns"><defs>
            \(ChartPattern.definitions)
            </defs></svg>
            <main>
            <h1>\(title.escapedForHTML)</h1>
            \(lines)
            """
    }

    /// The end.
    package static let end = "</main>\n</body>\n</html>\n"

    private static let styles = """
        :root { color-scheme: light dark; --page: #fff; --text: #1a1a1a; --faint: #5c5c5c; --line: #d0d0d0;
          --stripe: #f5f5f5; --s0: #3a6ea5; --s1: #b5532d; --s2: #3f7d4e; --s3: #8a5a9e; --s4: #a98400; --s5: #2e8b8b;
          --s6: #b0406f; --s7: #6b6b6b }
        @media (prefers-color-scheme: dark) { :root { --page: #161616; --text: #ececec; --faint: #a8a8a8;
          --line: #444; --stripe: #202020; --s0: #7fb0e6; --s1: #e89a72; --s2: #84c794; --s3: #c79bdc; --s4: #dfc04d;
          --s5: #76cccc; --s6: #ea8db2; --s7: #b5b5b5 } }
        body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.45 system-ui, sans-serif }
        main { max-width: 72rem; margin: 0 auto; padding: 1rem }
        h1 { font-size: 1.5rem; margin: 0 0 .5rem } h2 { font-size: 1.1rem; margin: 0 0 .5rem }
        p { margin: .15rem 0; color: var(--faint); overflow-wrap: anywhere }
        figure { margin: 1.5rem 0 } figcaption { color: var(--faint) }
        svg { display: block; width: 100%; overflow: hidden }
        svg.patterns { position: absolute; width: 0; height: 0 }
        svg text { fill: var(--text); font-size: 13px } svg text.f { fill: var(--faint) } svg text.b { font-weight: 600 }
        .legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; margin: 0 0 .5rem }
        .legend li { display: flex; align-items: center; gap: .4rem; overflow-wrap: anywhere }
        .legend svg { width: 22px; height: 14px; flex: none }
        .scroll { overflow-x: auto; margin: 1.5rem 0 }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; min-width: 100% }
        th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap }
        th { border-bottom-width: 2px } td.n { text-align: right } tbody tr:nth-child(even) { background: var(--stripe) }
        tr.total td { font-weight: 600; border-top: 1px solid var(--text) }
        @media print { main { max-width: none } .scroll { overflow: visible } }
        """
}

/// Fills that differ in pattern as well as in color.
enum ChartPattern {
    /// The number of different fills.
    static let count = 8

    private static let marks = [
        "",
        "<path d=\"M-2 10L10 -2\"/>",
        "<path d=\"M0 4H8\"/>",
        "<circle cx=\"4\" cy=\"4\" r=\"1.4\"/>",
        "<path d=\"M4 0V8\"/>",
        "<path d=\"M-2 -2L10 10\"/>",
        "<path d=\"M-2 10L10 -2M-2 -2L10 10\"/>",
        "<path d=\"M4 0V8M0 4H8\"/>",
    ]

    static var definitions: String {
        marks.enumerated().map { number, mark in
            """
            <pattern id="p\(number)" width="8" height="8" patternUnits="userSpaceOnUse" stroke="var(--page)" \
            stroke-width="1.5" fill="none"><rect width="8" height="8" stroke="none" fill="var(--s\(number))"/>\(mark)\
            </pattern>
            """
        }.joined(separator: "\n")
    }

    /// The fill of a series; series beyond the last fill share it.
    static func fill(_ series: Int) -> String { "url(#p\(min(series, count - 1)))" }
}

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
