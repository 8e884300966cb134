/// The statuses with which the command ends, from BSD's `sysexits.h`, so that scripts can tell outcomes apart.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    /// Done. A creation that is safely queued while offline is done.
    case success = 0
    /// A failure that none of the others describes.
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
    /// Not finished in the time allowed.
    case notFinished = 75
    /// The cloud refused, or the credentials are not accepted.
    case refused = 77
    /// The configuration is missing or broken.
    case configuration = 78
}
