/// One finding about the set-up: a step that works, works with a reservation, or does not.
public struct Diagnosis: Sendable, Hashable {
    /// How it is.
    public enum Verdict: String, Sendable, Hashable {
        case good = "ok"
        case warning
        case bad = "failed"
    }

    /// What it is about: a cloud, or the database.
    public let subject: String
    /// The step that was tried.
    public let step: String
    /// How it is.
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
