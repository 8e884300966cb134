import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The files of a database: the one that a person names and those that SQLite and the queue's sender put beside it.
package struct DatabaseFiles: Sendable, Hashable {
    /// The database, without symbolic links in its path.
    package let main: String

    /// The endings of SQLite's side files: the write-ahead log, its index, and the rollback journal.
    package static let endings = ["-wal", "-shm", "-journal"]

    /// - Parameter main: a resolved path: see ``ResolvedPath``.
    package init(main: String) { self.main = main }

    /// The files of the database at a path, whether or not it exists.
    package init(named path: String) { main = (try? ResolvedPath.of(path)) ?? path }

    /// The lock file of a queue's sender. Only the process that holds the lock sends that queue.
    package func senderLock(_ name: String) -> String { "\(main)-sender-\(name)" }

    /// Whether a path leads to one of these files, or would create one of them.
    package func contains(_ path: String) -> Bool {
        guard let resolved = try? ResolvedPath.of(path) else { return false }
        if resolved == main || Self.endings.contains(where: { resolved == main + $0 }) { return true }
        if resolved.hasPrefix(main + "-sender-") { return true }
        // A hard link has another name.
        guard let facts = FileFacts(path: resolved), facts.kind == .regular else { return false }
        return all.contains { FileFacts(path: $0)?.identity == facts.identity }
    }

    /// Whether a path leads to the database itself.
    package func isMain(_ path: String) -> Bool {
        guard let own = FileFacts(path: main) else { return false }
        return FileFacts(path: path)?.identity == own.identity
    }

    private var all: [String] {
        guard let slash = main.lastIndex(of: "/"), let folder = opendir(String(main[...slash])) else {
            return [main] + Self.endings.map { main + $0 }
        }
        defer { closedir(folder) }
        let prefix = main[main.index(after: slash)...] + "-sender-"
        var found = [main] + Self.endings.map { main + $0 }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix(prefix) { found.append(main[...slash] + name) }
        }
        return found
    }
}

/// Marks a database as open in SQLite for as long as this object lives.
///
/// POSIX locks belong to the process. Closing any descriptor of a file drops all of the process's locks on it,
/// including SQLite's; another process may then write at the same time and corrupt the database
/// (https://www.sqlite.org/howtocorrupt.html, 2.2). So every file that is opened without SQLite is closed with
/// ``close(_:)``.
package final class OpenDatabase: Sendable {
    private struct Use {
        var count = 0
        /// Descriptors that must not be closed while SQLite has the file open.
        var waiting: [Int32] = []
    }

    private static let open = Mutex<[DatabaseFiles: Use]>([:])
    private let files: DatabaseFiles

    /// Create this object before SQLite opens the file, and keep it until SQLite has closed the file.
    package init(_ files: DatabaseFiles) {
        self.files = files
        Self.open.withLock { $0[files, default: Use()].count += 1 }
    }

    deinit {
        Self.open.withLock { open in
            open[files]?.count -= 1
            guard let use = open[files], use.count <= 0 else { return }
            for descriptor in use.waiting { closeDescriptor(descriptor) }
            open[files] = nil
        }
    }

    /// Closes a descriptor. If SQLite has the same file open, the descriptor is closed after SQLite has closed it.
    static func close(_ descriptor: Int32) {
        let identity = FileFacts(descriptor: descriptor)?.identity
        open.withLock { open in
            for files in open.keys {
                for ending in [""] + DatabaseFiles.endings {
                    if let facts = FileFacts(path: files.main + ending), facts.identity == identity {
                        open[files]?.waiting.append(descriptor)
                        return
                    }
                }
            }
            closeDescriptor(descriptor)
        }
    }
}

/// The system's `close`, for use where a method of that name hides it.
func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }
