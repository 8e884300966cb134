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

    /// The command's name.
    let name: String
    let title: String
    let summary: String
    let fields: [Field]

    static let all: [ReportForm] = [
        ReportForm(
            name: "hours", title: "Hours", summary: "Lease-hours and node-hours, in any grouping.",
            fields: [by(leases), bucket] + times + match
                + [
                    Field(name: "on", label: "Held at", example: "2026-03-01"),
                    Field(name: "as-known-at", label: "As known at", example: "2026-03-01"),
                ]),
        ReportForm(
            name: "utilization", title: "Utilization", summary: "How much of a site's hosts was allocated.",
            fields: [by(["site", "node_type", "site,node_type"]), bucket] + times + [nodeType]),
        ReportForm(
            name: "su", title: "Service units", summary: "Service units, from a table of rates.",
            fields: [by(leases), bucket] + times + match),
        ReportForm(
            name: "early", title: "Ended early", summary: "Hours that were reserved but not used.",
            fields: [by(leases), bucket] + times + match),
        ReportForm(
            name: "expiring", title: "Ending soon", summary: "Leases that end soon, and when they may be extended.",
            fields: [
                Field(name: "within", label: "Within", example: "2d"),
                Field(name: "extension-window", label: "Window", example: "2d"),
            ] + match),
        ReportForm(
            name: "extensions", title: "Extensions", summary: "When leases were extended or shortened.",
            fields: times + match),
        ReportForm(
            name: "states", title: "States", summary: "How long leases were observed in each status.",
            fields: [by(leases)] + times + match),
        ReportForm(
            name: "lead-time", title: "Lead time", summary: "How long before their start leases were created.",
            fields: [by(leases)] + times + match),
        ReportForm(
            name: "latency", title: "Latency", summary: "How late leases started and ended.",
            fields: [by(leases)] + times + match),
        ReportForm(
            name: "stacking", title: "Stacking",
            summary: "How long consecutive leases held a node type without a break.",
            fields: [Field(name: "gap", label: "Gap", example: "1h"), by(leases)] + times + match),
        ReportForm(
            name: "failures", title: "Failed writes", summary: "Failed writes, by reason.",
            fields: times + [project, lease]),
        ReportForm(
            name: "coverage", title: "Coverage", summary: "Since when each site was watched, and the gaps since then.",
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
