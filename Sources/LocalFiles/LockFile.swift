#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A lock of the kernel's on a file (flock(2)), held by one process, and one task in it, at a time. It goes with its
/// holder, however that ends.
package struct LockFile: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock; `nil` if somebody else has it.
    ///
    /// - Parameter path: the file, made if missing.
    /// - Throws: ``FileProblem`` if the file cannot be made or opened, or something else has its name.
    package init?(path: String) throws(FileProblem) {
        let flags = O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW
        var file = open(path, flags | O_RDWR, 0o600)
        // Another user's: to read it is enough for a lock.
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
