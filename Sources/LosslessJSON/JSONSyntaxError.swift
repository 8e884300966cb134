/// Why some bytes are not JSON, and where the error is.
public struct JSONSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: String, Sendable {
        case unexpectedEnd = "it ends in the middle of a value"
        case unexpectedByte = "an unexpected character"
        case badNumber = "a malformed number"
        case badEscape = "a malformed escape in a string"
        case controlInString = "an unescaped control character in a string"
        case tooDeep = "it is nested too deeply"
        case trailing = "something follows the value"
    }

    /// What is wrong.
    public let reason: Reason
    /// The offset of the error in bytes, from the start.
    public let offset: Int

    public var description: String { "not JSON: \(reason.rawValue) at byte \(offset)" }
}
