/// What a page says before its table.
package struct PageHead: Sendable {
    package var title: String
    /// What is shown, how fresh it is, and the like.
    package var remarks: [String]
    /// Charts, as HTML.
    package var figures: [String] = []
    /// The rows, counted from 0, that add others up.
    package var totals: Set<Int> = []

    package init(title: String = "Leasehold", remarks: [String] = []) {
        self.title = title
        self.remarks = remarks
    }
}

/// How results look, from the options and the terminal together.
package struct OutputStyle: Sendable {
    package let format: OutputFormat
    /// The columns that a table may take; `nil` if there is no limit.
    package let width: Int?
    package let usesColor: Bool
    /// The zone of times in tables.
    package let zone: DisplayZone
    /// What stands above the table of a page.
    package var head = PageHead()

    package init(format: OutputFormat, width: Int? = nil, usesColor: Bool = false, zone: DisplayZone = .utc) {
        self.format = format
        self.width = width
        self.usesColor = usesColor
        self.zone = zone
    }

    /// - Parameters:
    ///   - options: what the user asked for.
    ///   - terminal: where the results go.
    ///   - zone: the local zone.
    package init(options: OutputOptions, terminal: Terminal, zone: DisplayZone) {
        self.init(
            format: options.format,
            width: options.maxWidth.map { $0 == 0 ? nil : $0 } ?? terminal.width,
            usesColor: terminal.allowsColor && !options.noColor,
            zone: options.usesUTC ? .utc : zone)
    }
}
