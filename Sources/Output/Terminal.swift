#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What is known about the place where a stream ends.
package struct Terminal: Sendable, Hashable {
    /// Whether a person looks at it.
    package let isTerminal: Bool
    /// Its width in columns; `nil` if there is no limit.
    package let width: Int?
    /// Whether colours may be used.
    package let allowsColor: Bool

    package init(isTerminal: Bool, width: Int? = nil, allowsColor: Bool = false) {
        self.isTerminal = isTerminal
        self.width = width
        self.allowsColor = allowsColor
    }

    /// A file or a pipe.
    package static let none = Terminal(isTerminal: false)

    /// What the system says of a descriptor.
    ///
    /// `NO_COLOR` (any value but an empty one, see no-color.org) and `TERM=dumb` rule colours out; `COLUMNS` stands in
    /// for a width that the terminal does not tell.
    package init(descriptor: Int32, environment: [String: String]) {
        self.init(
            isTerminal: isatty(descriptor) == 1, reportedWidth: Self.reportedWidth(descriptor),
            environment: environment)
    }

    /// The rules of ``init(descriptor:environment:)`` on given facts.
    init(isTerminal: Bool, reportedWidth: Int?, environment: [String: String]) {
        guard isTerminal else {
            self = .none
            return
        }
        let named = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        let allowsColor = environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
        self.init(isTerminal: true, width: reportedWidth ?? named, allowsColor: allowsColor)
    }

    private static func reportedWidth(_ descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
