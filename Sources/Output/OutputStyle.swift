package import LeaseModel

/// What a page says before its table.
package struct PageHead: Sendable {
    package var title: String
    /// What is shown, how fresh it is, and the like.
    package var remarks: [String]
    /// The period that is looked at, as a terminal has it behind the title.
    package var span: String?
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
    package var format: OutputFormat
    /// The columns that a table may take; `nil` if there is no limit.
    package var width: Int?
    package var usesColor: Bool
    /// The zone of times in tables.
    package var zone: DisplayZone
    /// Whether a person looks at a table now: it has no borders, and what tells nothing is left out. In a file or a pipe
    /// a table has all its columns, drawn as OpenStack's client draws them.
    package var isForTerminal = false
    /// The present, by which a terminal's table leaves out the year.
    package var now: Timestamp?
    /// Whether CSV guards text that a spreadsheet would run as a formula.
    package var isSpreadsheetSafe = false
    /// What stands above the table of a page.
    package var head = PageHead()

    package init(format: OutputFormat, width: Int? = nil, usesColor: Bool = false, zone: DisplayZone = .utc) {
        self.format = format
        self.width = width
        self.usesColor = usesColor
        self.zone = zone
    }

    /// How its times are written.
    package var time: TimeText { TimeText(zone: zone, now: now) }
}
