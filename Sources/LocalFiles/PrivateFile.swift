#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A small file that only its owner may read, and that is replaced whole.
package enum PrivateFile {
    /// Puts bytes into a file: what was there stays until all of them are on the disk.
    ///
    /// - Throws: ``FileProblem``, and the file is as it was.
    package static func replace(_ path: String, with bytes: [UInt8]) throws(FileProblem) {
        let temporary = "\(path).\(getpid()).tmp"
        // Left behind by a process of that number that was killed.
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

    /// Removes a file; it may be gone already.
    ///
    /// - Throws: ``FileProblem``.
    package static func remove(_ path: String) throws(FileProblem) {
        guard unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR else { throw .last }
    }

    /// Makes the folder of a file, and those above it, for their owner only. Those that are there stay as they are.
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
