#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The kind of file that a path leads to.
package enum FileKind: Sendable, Hashable {
    case regular, folder, pipe, characterDevice, blockDevice, socket, unknown

    /// The kind with its article, for messages.
    package var name: String {
        switch self {
        case .regular: "a file"
        case .folder: "a folder"
        case .pipe: "a pipe"
        case .characterDevice, .blockDevice: "a device"
        case .socket: "a socket"
        case .unknown: "no file"
        }
    }

    init(mode: mode_t) {
        self =
            switch mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            case S_IFIFO: .pipe
            case S_IFCHR: .characterDevice
            case S_IFBLK: .blockDevice
            case S_IFSOCK: .socket
            default: .unknown
            }
    }
}

/// What the system knows about a file.
package struct FileFacts: Sendable, Hashable {
    /// Identifies a file, whatever path leads to it.
    package struct Identity: Sendable, Hashable {
        let device: UInt64
        let number: UInt64
    }

    package let identity: Identity
    package let kind: FileKind
    /// The permissions: the lowest nine bits of the mode.
    package let permissions: UInt32
    package let size: Int64
    package let modifiedSeconds: Int64
    package let modifiedNanoseconds: Int64

    /// The facts about the file that a path leads to, following symbolic links; `nil` if there is none.
    package init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        identity = Identity(
            device: UInt64(truncatingIfNeeded: status.st_dev), number: UInt64(truncatingIfNeeded: status.st_ino))
        kind = FileKind(mode: status.st_mode)
        permissions = UInt32(status.st_mode) & 0o777
        size = Int64(status.st_size)
        modifiedSeconds = Int64(status.st_mtim.tv_sec)
        modifiedNanoseconds = Int64(status.st_mtim.tv_nsec)
    }
}

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

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The path of a file with all symbolic links resolved.
package enum ResolvedPath {
    /// Follows every symbolic link, including a link to a file that does not exist yet.
    ///
    /// - Parameter path: an absolute path, or one relative to the current folder.
    /// - Returns: an absolute path. If a folder on the way is missing, the links before it are not followed.
    /// - Throws: ``FileProblem`` for an empty name, and for links that form a circle.
    package static func of(_ path: String) throws(FileProblem) -> String {
        guard !path.isEmpty else { throw .missing }
        var current = path
        // Linux follows 40 links too.
        for _ in 0..<40 {
            if let real = existing(current) { return real }
            guard errno == ENOENT else {
                if errno == ELOOP { throw .system(ELOOP) }
                return absolute(current)
            }
            let (folder, name) = split(current)
            guard let target = linkTarget(current) else {
                guard !name.isEmpty, let real = existing(folder) else { return absolute(current) }
                return real == "/" ? "/\(name)" : "\(real)/\(name)"
            }
            current = target.hasPrefix("/") ? target : "\(folder)/\(target)"
        }
        throw .system(ELOOP)
    }

    private static func existing(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    private static func linkTarget(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = readlink(path, start, buffer.count)
            guard count > 0 else { return nil }
            return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = existing(".") else { return path }
        return folder == "/" ? "/\(path)" : "\(folder)/\(path)"
    }
}
