#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is written completely or not at all.
///
/// The data goes to a partial file, which replaces the old one at the end. Pipes and devices are written to directly. A
/// database is never replaced.
package final class OutputFile: Sendable {
    /// The descriptor to write to.
    package let descriptor: Int32
    /// The name of the partial file and the final name; `nil` if the file is written directly.
    private let names: (partial: String, whole: String)?

    /// How long to wait for a pipe's reader.
    private static var readerLimit: Duration { .seconds(3) }

    /// - Parameters:
    ///   - path: the file. An existing file keeps its permissions.
    ///   - database: the database whose files must not be overwritten.
    /// - Throws: ``FileProblem``.
    package init(path: String, besides database: DatabaseFiles) throws(FileProblem) {
        guard !database.contains(path) else { throw .database(database.main) }
        let present = FileFacts(path: path)
        switch present?.kind {
        case .pipe?, .characterDevice?:
            names = nil
            descriptor = try Self.open(path)
        case .regular?, nil:
            if present != nil, Self.isDatabase(path) { throw .database(path) }
            // A symbolic link stays: the file it leads to is replaced.
            let whole = try ResolvedPath.of(path)
            let partial = "\(whole).\(getpid()).part"
            let file = Self.create(partial, permissions: 0o644)
            guard file >= 0 else { throw .last }
            if let present { fchmod(file, mode_t(present.permissions)) }
            names = (partial, whole)
            descriptor = file
        case let kind?: throw .wrongKind(kind)
        }
    }

    /// Creates a new file and writes to it directly.
    ///
    /// - Throws: ``FileProblem``, also if the file exists already.
    package init(new path: String, permissions: UInt32) throws(FileProblem) {
        let file = Self.create(path, permissions: permissions)
        guard file >= 0 else { throw .last }
        names = nil
        descriptor = file
    }

    /// Writes all of the bytes.
    ///
    /// - Throws: ``FileProblem``.
    package func write(_ bytes: [UInt8]) throws(FileProblem) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: bytes[written...]))
            }
            if count >= 0 { written += count } else if errno != EINTR { throw .last }
        }
    }

    /// Creates a new, empty file.
    ///
    /// - Throws: ``FileProblem``, also if the file exists already.
    package static func makeEmpty(_ path: String, permissions: UInt32) throws(FileProblem) {
        let file = create(path, permissions: permissions)
        guard file >= 0 else { throw .last }
        OpenDatabase.close(file)
    }

    /// Ends the writing: the partial file takes the final name.
    ///
    /// - Throws: ``FileProblem``. Any file that had the name before then keeps it.
    package func finish() throws(FileProblem) {
        guard let names else { return closeDescriptor(descriptor) }
        guard close(descriptor) == 0, rename(names.partial, names.whole) == 0 else {
            let problem = FileProblem.last
            unlink(names.partial)
            throw problem
        }
    }

    /// Ends the writing and discards what was written, unless it went to a pipe or a device.
    package func discard() {
        closeDescriptor(descriptor)
        if let names { unlink(names.partial) }
    }

    private static func create(_ path: String, permissions: UInt32) -> Int32 {
        systemOpen(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
    }

    /// Opens a pipe or a device. Gives up on a pipe that gets no reader for a while.
    private static func open(_ path: String) throws(FileProblem) -> Int32 {
        let began = ContinuousClock.now
        while true {
            let file = systemOpen(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0)
            if file >= 0 { return file }
            guard errno == ENXIO else { throw .last }
            guard ContinuousClock.now - began < readerLimit else { throw .unreadPipe }
            usleep(20_000)
        }
    }

    private static func isDatabase(_ path: String) -> Bool {
        guard var file = try? InputFile(path: path) else { return false }
        return (try? file.readExactly(SQLiteFile.head.count)) == SQLiteFile.head
    }
}

/// How to recognize a SQLite database.
package enum SQLiteFile {
    /// The first bytes of every SQLite database.
    package static let head = Array("SQLite format 3\0".utf8)
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

private func systemOpen(_ path: String, _ flags: Int32, _ permissions: UInt32) -> Int32 {
    open(path, flags, mode_t(permissions))
}

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A small file that only its owner may read and that is always replaced as a whole.
package enum PrivateFile {
    /// Replaces the content of a file. The old content stays until all of the new bytes are on the disk.
    ///
    /// - Throws: ``FileProblem``. The file is then unchanged.
    package static func replace(_ path: String, with bytes: [UInt8]) throws(FileProblem) {
        let temporary = "\(path).\(getpid()).tmp"
        // A process with the same id that was killed may have left it behind.
        unlink(temporary)
        let file = try OutputFile(new: temporary, permissions: 0o600)
        do throws(FileProblem) {
            try file.write(bytes)
            guard fsync(file.descriptor) == 0 else { throw .last }
        } catch {
            file.discard()
            unlink(temporary)
            throw error
        }
        try file.finish()
        guard rename(temporary, path) == 0 else {
            let problem = FileProblem.last
            unlink(temporary)
            throw problem
        }
    }

    /// Removes a file. A file that does not exist is no error.
    ///
    /// - Throws: ``FileProblem``.
    package static func remove(_ path: String) throws(FileProblem) {
        guard unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR else { throw .last }
    }

    /// Creates the folder of a file and its missing parents, accessible to their owner only. Existing folders stay as
    /// they are.
    ///
    /// - Throws: ``FileProblem``.
    package static func makeFolder(of path: String) throws(FileProblem) {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
        let folder = String(path[..<slash])
        if FileFacts(path: folder)?.kind == .folder { return }
        try makeFolder(of: folder)
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw .last }
    }
}

/// A file without a name, which disappears when it is closed, also if the process is killed.
package enum UnnamedFile {
    /// Makes an empty one to write and read.
    ///
    /// - Parameter folder: a folder on the disk that is to hold it.
    /// - Returns: its descriptor.
    /// - Throws: ``FileProblem``.
    package static func make(in folder: String) throws(FileProblem) -> Int32 {
        var template = Array("\(folder)/.leasehold-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw .last }
        unlink(&template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }
}
