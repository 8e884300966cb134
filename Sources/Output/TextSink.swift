/// Where results are written.
package protocol TextSink {
    /// Accepts text, and may store it until ``flush()``.
    mutating func write(_ text: String) throws(OutputError)
    /// Accepts text as UTF-8, which must not begin or end inside a character.
    mutating func write(_ bytes: [UInt8]) throws(OutputError)
    /// Passes on everything that was stored.
    mutating func flush() throws(OutputError)
}

extension TextSink {
    package mutating func write(_ bytes: [UInt8]) throws(OutputError) {
        try write(String(decoding: bytes, as: UTF8.self))
    }
}

/// Stores what is written.
package struct TextBuffer: TextSink {
    package private(set) var text = ""

    package init() {}

    package mutating func write(_ text: String) { self.text += text }
    package mutating func flush() {}
}

/// Why results could not be written.
package enum OutputError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reader closed the pipe, as `head` does. The command stops without an error message.
    case readerGone
    /// The system's error, for example "No space left on device".
    case failed(String)
    /// The format cannot represent a value.
    case notRepresentable(String)

    package var description: String {
        switch self {
        case .readerGone: "The reader of the output went away."
        case .failed(let reason): "Output could not be written: \(reason)."
        case .notRepresentable(let reason): "A value cannot be written in this format: \(reason)."
        }
    }
}
