import ArgumentParser

/// How results are written, by the names that OpenStack's own client uses.
package enum OutputFormat: String, Sendable, CaseIterable, ExpressibleByArgument {
    case table
    case json
    case csv
    case yaml
    case value

    /// Whether programs read it. Such formats hold every field and no zone, colour or width of the reader's.
    package var isStructured: Bool { self == .json || self == .yaml }
}
