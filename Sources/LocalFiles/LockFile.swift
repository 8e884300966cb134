#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A kernel lock on a file (flock(2)). One process, and one task in it, holds it at a time. The kernel releases it when
/// the holder ends, however it ends.
package struct LockFile: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock, or returns `nil` if somebody else holds it.
    ///
    /// - Parameter path: the lock file, created if missing.
    /// - Throws: ``FileProblem`` if the file cannot be created or opened, or is not a regular file.
    package init?(path: String) throws(FileProblem) {
        let flags = O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW
        var file = open(path, flags | O_RDWR, 0o600)
        // The file belongs to another user. Read access is enough to lock it.
        if file < 0, errno == EACCES { file = open(path, flags & ~O_CREAT | O_RDONLY) }
        guard file >= 0 else { throw errno == EISDIR ? .wrongKind(.folder) : .last }
        guard let kind = FileFacts(descriptor: file)?.kind, kind == .regular else {
            let kind = FileFacts(descriptor: file)?.kind ?? .unknown
            close(file)
            throw .wrongKind(kind)
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let problem = FileProblem.last
            close(file)
            if problem == .system(EWOULDBLOCK) { return nil }
            throw problem
        }
        descriptor = file
    }

    deinit { closeDescriptor(descriptor) }
}
