/// Something that was noticed about a draft before it was sent.
public struct DraftFinding: Sendable, Hashable, CustomStringConvertible {
    /// How sure it is.
    public enum Severity: String, Sendable, Hashable {
        /// Blazar may refuse it, or it may not be what was meant.
        case warning
        /// Blazar refuses it, whatever the site has.
        case refusal
    }

    /// How sure it is.
    public let severity: Severity
    /// What it is about: `reservations[0].resource_properties`.
    public let field: String
    /// One sentence.
    public let message: String

    /// Makes a finding.
    public init(_ severity: Severity, field: String, _ message: String) {
        self.severity = severity
        self.field = field
        self.message = message
    }

    public var description: String { "\(field): \(message)" }

    /// The finding as a program reads it.
    public var json: JSONObject {
        ["severity": .string(severity.rawValue), "field": .string(field), "message": .string(message)]
    }
}
