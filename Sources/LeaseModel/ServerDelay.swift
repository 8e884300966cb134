/// How long a server asks to be left alone, an hour at most.
///
/// A server may send any number or date. What it sends becomes a wait only as a value of this type, so that no answer can
/// silence a write for longer, and no arithmetic with it can overflow.
public struct ServerDelay: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// The longest delay, in seconds.
    public static let maxSeconds = 3_600

    /// The seconds to wait: from 0 to ``maxSeconds``.
    public let seconds: Int

    /// Makes a delay; what is out of range becomes the nearest that is not.
    public init(seconds: Int) { self.seconds = min(max(seconds, 0), Self.maxSeconds) }

    public init(integerLiteral value: Int) { self.init(seconds: value) }

    /// Makes a delay from decimal digits, however many; `nil` if the text is anything else.
    package init?(digits text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.init(seconds: Int(text) ?? Self.maxSeconds)
    }

    public var description: String { "\(seconds)" }
}
