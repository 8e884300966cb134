/// The command's exit statuses. They come from BSD's `sysexits.h`, so that scripts can distinguish outcomes.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    /// Success. A create that is safely queued while offline is a success.
    case success = 0
    /// A failure without a more specific status.
    case failure = 1
    /// The command line is wrong.
    case usage = 64
    /// A reference is ambiguous, or data is invalid.
    case data = 65
    /// No such lease, reservation or column value.
    case notFound = 66
    /// The cloud cannot be reached.
    case unavailable = 69
    /// The database cannot be opened or written.
    case cannotOpen = 73
    /// Output could not be written.
    case outputFailed = 74
    /// Not finished within the time allowed.
    case notFinished = 75
    /// The cloud refused the request, or does not accept the credentials.
    case refused = 77
    /// The configuration is missing or broken.
    case configuration = 78
}
