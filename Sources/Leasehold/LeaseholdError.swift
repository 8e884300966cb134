public import LeaseModel
import LeaseStore

/// What went wrong, as one sentence and a fixed code.
public struct LeaseholdError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of error. The raw value is stable.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No lease, reservation or cloud answers to that reference.
        case notFound = "not_found"
        /// Several do.
        case ambiguous
        /// Something given is not valid.
        case invalid
        /// The database cannot be opened, read or written.
        case database
        /// clouds.yaml, secure.yaml or the environment is missing or wrong.
        case configuration
        /// The credentials were refused.
        case authentication
        /// The cloud could not be reached.
        case unreachable
        /// It took longer than allowed.
        case notFinished = "not_finished"
        /// The cloud refused, or what is waited for can no longer happen.
        case refused
    }

    /// The kind of error.
    public let code: Code
    /// One sentence: what, where, and what to do. Text of other people's in it may hold control characters.
    public let message: String
    /// Those that an ambiguous reference may mean.
    public let candidates: [LeaseCandidate]

    /// Makes an error.
    public init(code: Code, message: String, candidates: [LeaseCandidate] = []) {
        self.code = code
        self.message = message
        self.candidates = candidates
    }

    public var description: String { message }

    init(_ error: StoreError) {
        self.init(code: error.kind == .invalid ? .invalid : .database, message: error.message)
    }
}
