import ArgumentParser
package import LeaseModel
package import Output

extension OutputFormat: ExpressibleByArgument {}
extension SortKey: ExpressibleByArgument {}

extension UnknownColumnError {
    /// The exit status of a command that was asked for an unknown column.
    var exitStatus: ExitStatus { .usage }
}

extension OutputError {
    /// The exit status of a command whose results could not be written.
    package var exitStatus: ExitStatus {
        switch self {
        case .readerGone: .success
        case .failed, .notRepresentable: .outputFailed
        }
    }
}

extension OutputStyle {
    /// - Parameters:
    ///   - options: the user's options.
    ///   - terminal: the terminal of the results.
    ///   - zone: the local zone.
    ///   - now: the current time.
    package init(options: OutputOptions, terminal: Terminal, zone: DisplayZone, now: Timestamp? = nil) {
        let limit = options.maxWidth ?? (options.isWide ? 0 : terminal.width)
        self.init(
            format: options.format, width: limit == 0 ? nil : limit,
            usesColor: terminal.allowsColor && !options.noColor, zone: options.usesUTC ? .utc : zone)
        isForTerminal = terminal.isTerminal && options.format == .table
        isSpreadsheetSafe = options.isSpreadsheetSafe
        self.now = now
    }
}
