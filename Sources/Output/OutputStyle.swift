package import LeaseModel

/// What a page shows above its table.
package struct PageHead: Sendable {
    package var title: String
    /// What the page shows, how fresh it is, and so on.
    package var remarks: [String]
    /// The period of the page, in the form that a terminal shows after the title.
    package var span: String?
    /// Charts, as HTML.
    package var figures: [String] = []
    /// The indices of the rows with totals.
    package var totals: Set<Int> = []

    package init(title: String = "Leasehold", remarks: [String] = []) {
        self.title = title
        self.remarks = remarks
    }
}

/// How results look, according to the options and the terminal.
package struct OutputStyle: Sendable {
    package var format: OutputFormat
    /// The maximum width of a table; `nil` if there is no limit.
    package var width: Int?
    package var usesColor: Bool
    /// The zone of times in tables.
    package var zone: DisplayZone
    /// Whether a person is looking at the table now. Then it has no borders, and uninformative columns are left out. In
    /// a file or a pipe, a table has all its columns, drawn as OpenStack's client draws them.
    package var isForTerminal = false
    /// The current time. A terminal's table omits the year if it is clear from this.
    package var now: Timestamp?
    /// Whether a terminal's table breaks text that is too long over several lines; if not, it is cut.
    package var wraps = true
    /// Whether CSV guards text that a spreadsheet would run as a formula.
    package var isSpreadsheetSafe = false
    /// The content above the table of a page.
    package var head = PageHead()

    package init(format: OutputFormat, width: Int? = nil, usesColor: Bool = false, zone: DisplayZone = .utc) {
        self.format = format
        self.width = width
        self.usesColor = usesColor
        self.zone = zone
    }

    /// How times are written.
    package var time: TimeText { TimeText(zone: zone, now: now) }
}
