/// Between which moments everything that a report is about was seen, as far as lists tell.
public struct Completeness: Sendable, Hashable {
    /// When the last of the scopes was first read whole: what had been deleted before is not known.
    public let from: Timestamp
    /// When the first of them was last read whole: what came, or went, afterwards is not known. It may be earlier than
    /// ``from``; then nothing is complete.
    public let until: Timestamp

    /// Makes a value from its parts.
    public init(from: Timestamp, until: Timestamp) {
        self.from = from
        self.until = until
    }
}
