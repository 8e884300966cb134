/// One finding about the configuration: a step that works, works with a warning, or fails.
public struct Diagnosis: Sendable, Hashable {
    /// The result of a step.
    public enum Verdict: String, Sendable, Hashable {
        case good = "ok"
        case warning
        case bad = "failed"
    }

    /// The cloud or database that the finding is about.
    public let subject: String
    /// The step that was tried.
    public let step: String
    /// The result.
    public let verdict: Verdict
    /// What was found, and what to do about it.
    public let message: String

    /// Makes a finding.
    public init(subject: String, step: String, verdict: Verdict, message: String) {
        self.subject = subject
        self.step = step
        self.verdict = verdict
        self.message = message
    }
}
