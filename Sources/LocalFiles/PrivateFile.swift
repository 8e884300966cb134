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
