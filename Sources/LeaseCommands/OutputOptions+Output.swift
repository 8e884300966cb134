import ArgumentParser
package import LeaseModel
package import Output

extension OutputFormat: ExpressibleByArgument {}
extension SortKey: ExpressibleByArgument {}

extension UnknownColumnError {
    /// How a command ends that was asked for it.
    var exitStatus: ExitStatus { .usage }
}

extension OutputError {
    /// How a command ends whose results could not be written.
    package var exitStatus: ExitStatus {
        switch self {
        case .readerGone: .success
        case .failed, .notRepresentable: .outputFailed
        }
    }
}

extension OutputStyle {
    /// - Parameters:
    ///   - options: what the user asked for.
    ///   - terminal: where the results go.
    ///   - zone: the local zone.
    ///   - now: the present.
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
