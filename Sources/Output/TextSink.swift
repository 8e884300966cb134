/// Where results are written.
package protocol TextSink {
    /// Takes text; it may be kept until ``flush()``.
    mutating func write(_ text: String) throws(OutputError)
    /// Hands on everything that was kept.
    mutating func flush() throws(OutputError)
}

/// Keeps what is written.
package struct TextBuffer: TextSink {
    package private(set) var text = ""

    package init() {}

    package mutating func write(_ text: String) { self.text += text }
    package mutating func flush() {}
}

/// Why results could not be written.
package enum OutputError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Whoever read them went away, as `head` does: no reason to complain, but one to stop.
    case readerGone
    /// The system's error, for example "No space left on device".
    case failed(String)
    /// A value has no form in the format.
    case notRepresentable(String)

    package var description: String {
        switch self {
        case .readerGone: "The reader of the output went away."
        case .failed(let reason): "Output could not be written: \(reason)."
        case .notRepresentable(let reason): "A value cannot be written in this format: \(reason)."
        }
    }
}
