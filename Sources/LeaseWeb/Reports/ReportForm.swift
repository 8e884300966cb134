import LeaseReports

/// A report of `leasehold report`, as a form.
struct ReportForm: Sendable {
    /// A field: an option of the command.
    struct Field: Sendable {
        /// The option's name, without dashes, and the field's in the query.
        let name: String
        let label: String
        /// The values to choose from; empty for a text.
        var choices: [String] = []
        /// An example of a text.
        var example = ""
    }

    let report: ReportName
    let title: String
    let fields: [Field]
    /// The command's name.
    var name: String { report.rawValue }
    var summary: String { report.summary }

    static let all: [ReportForm] = [
        ReportForm(
            report: .hours, title: "Hours",
            fields: [by(leases), bucket] + times + match
                + [
                    Field(name: "on", label: "Held at", example: "2026-03-01"),
                    Field(name: "as-known-at", label: "As known at", example: "2026-03-01"),
                ]),
        ReportForm(
            report: .utilization, title: "Utilization",
            fields: [by(["site", "node_type", "site,node_type"]), bucket] + times + [nodeType]),
        ReportForm(
            report: .su, title: "Service units",
            fields: [by(leases), bucket] + times + match),
        ReportForm(
            report: .early, title: "Ended early",
            fields: [by(leases), bucket] + times + match),
        ReportForm(
            report: .expiring, title: "Ending soon",
            fields: [
                Field(name: "within", label: "Within", example: "2d"),
                Field(name: "extension-window", label: "Window", example: "2d"),
            ] + match),
        ReportForm(
            report: .extensions, title: "Extensions",
            fields: times + match),
        ReportForm(
            report: .states, title: "States",
            fields: [by(leases)] + times + match),
        ReportForm(
            report: .leadTime, title: "Lead time",
            fields: [by(leases)] + times + match),
        ReportForm(
            report: .latency, title: "Latency",
            fields: [by(leases)] + times + match),
        ReportForm(
            report: .stacking, title: "Stacking",
            fields: [Field(name: "gap", label: "Gap", example: "1h"), by(leases)] + times + match),
        ReportForm(
            report: .failures, title: "Failed writes",
            fields: times + [project, lease]),
        ReportForm(
            report: .coverage, title: "Coverage",
            fields: [Field(name: "gap", label: "Shortest gap", example: "1h")]),
    ]

    private static let leases = [
        "project", "user", "site", "node_type", "resource_type", "project,node_type", "user,node_type", "site,project",
    ]
    private static let bucket = Field(name: "bucket", label: "Per", choices: ["day", "week", "month"])
    private static let times = [
        Field(name: "from", label: "From", example: "2026-03-01"), Field(name: "to", label: "To", example: "now"),
    ]
    private static let project = Field(name: "project", label: "Project")
    private static let lease = Field(name: "name", label: "Lease", example: "train*")
    private static let nodeType = Field(name: "node-type", label: "Node type")
    private static let match = [project, Field(name: "user", label: "User"), lease, nodeType]

    private static func by(_ choices: [String]) -> Field { Field(name: "by", label: "By", choices: choices) }

    /// The words of the command for what is asked. Each value is joined to its option, so that it is never read as an
    /// option itself.
    func arguments(_ query: WebFields) -> [String] {
        [name]
            + fields.flatMap { field in query.all(field.name).prefix(8).map { "--\(field.name)=\($0)" } }
    }
}
