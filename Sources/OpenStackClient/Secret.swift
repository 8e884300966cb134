/// A password, a token or a key: text that may leave the process only in a request.
///
/// Printing, dumping, interpolating and mirroring it all give `***`, so that it cannot get into a log line or an error
/// by accident. Only ``reveal()`` returns the text, and only code that writes a request calls it.
package struct Secret: Sendable, Hashable {
    private let text: String

    package init(_ text: String) { self.text = text }

    /// The text itself, for the request that needs it.
    package func reveal() -> String { text }

    /// The given text with every occurrence of this secret replaced. A server might repeat what it was sent.
    package func redacted(from other: String) -> String {
        text.count < 4 ? other : other.split(separator: text, omittingEmptySubsequences: false).joined(separator: "***")
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
