/// The formats of results, under the names of OpenStack's own client.
package enum OutputFormat: String, Sendable, CaseIterable {
    case table
    case json
    /// One JSON object per line.
    case ndjson
    case csv
    case yaml
    case value
    /// A self-contained page that needs no network.
    case html

    /// Whether the format is for programs. Such formats contain every field, and do not depend on the reader's zone,
    /// colors or width.
    package var isStructured: Bool { self == .json || self == .ndjson || self == .yaml }

    /// Whether the format is for people. Such formats use the reader's zone and have totals.
    package var isForPeople: Bool { self == .table || self == .html }
}
