/// How results are written, by the names that OpenStack's own client uses.
package enum OutputFormat: String, Sendable, CaseIterable {
    case table
    case json
    /// A JSON object a line.
    case ndjson
    case csv
    case yaml
    case value
    /// A page of its own, that needs no network.
    case html

    /// Whether programs read it. Such formats hold every field and no zone, colour or width of the reader's.
    package var isStructured: Bool { self == .json || self == .ndjson || self == .yaml }

    /// Whether people look at it: it has the reader's zone, and totals.
    package var isForPeople: Bool { self == .table || self == .html }
}
