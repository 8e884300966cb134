#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a file cannot be read or written.
package enum FileProblem: Error, Sendable, Hashable {
    case missing
    case wrongKind(FileKind)
    /// A pipe that nobody writes to.
    case silentPipe
    /// A pipe that nobody reads.
    case unreadPipe
    case tooLarge(mebibytes: Int)
    /// A database, or one of its files.
    case database(String)
    /// Any other error of the system, as an `errno`.
    case system(Int32)

    /// The problem that the current `errno` describes.
    package static var last: FileProblem { errno == ENOENT ? .missing : .system(errno) }

    /// The problem in words that follow "cannot be read: ".
    package var clause: String {
        switch self {
        case .missing: "there is no such file"
        case .wrongKind(let kind): "it is \(kind.name)"
        case .silentPipe: "it is a pipe, and nothing is written to it"
        case .unreadPipe: "it is a pipe, and nobody reads from it"
        case .tooLarge(let mebibytes): "it holds more than \(mebibytes) MiB"
        case .database(let path): "it belongs to the database \(path)"
        case .system(let number): String(cString: strerror(number))
        }
    }
}
