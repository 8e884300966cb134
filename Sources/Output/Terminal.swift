#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Properties of the terminal, file or pipe that a stream writes to.
package struct Terminal: Sendable, Hashable {
    /// Whether it is a terminal.
    package let isTerminal: Bool
    /// Its width in columns; `nil` if there is no limit.
    package let width: Int?
    /// Whether colors may be used.
    package let allowsColor: Bool

    package init(isTerminal: Bool, width: Int? = nil, allowsColor: Bool = false) {
        self.isTerminal = isTerminal
        self.width = width
        self.allowsColor = allowsColor
    }

    /// A file or a pipe.
    package static let none = Terminal(isTerminal: false)

    /// Gets the properties of a descriptor from the system.
    ///
    /// `NO_COLOR` (any value except an empty one, see no-color.org) and `TERM=dumb` disable colors. `COLUMNS` replaces
    /// a width that the terminal does not report.
    package init(descriptor: Int32, environment: [String: String]) {
        self.init(
            isTerminal: isatty(descriptor) == 1, reportedWidth: Self.reportedWidth(descriptor),
            environment: environment)
    }

    /// Applies the rules of ``init(descriptor:environment:)`` to given facts.
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
