import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The files of a database: the one that a person names, and what lies beside it.
package struct DatabaseFiles: Sendable, Hashable {
    /// The database, without symbolic links in its path.
    package let main: String

    /// What SQLite puts behind the name: a write-ahead log, its index, and what undoes an unfinished write.
    package static let endings = ["-wal", "-shm", "-journal"]

    /// - Parameter main: a resolved path: see ``ResolvedPath``.
    package init(main: String) { self.main = main }

    /// The files of a database that somebody names; there need not be one.
    package init(named path: String) { main = (try? ResolvedPath.of(path)) ?? path }

    /// The file whose lock the one process has that sends the queue of a name.
    package func senderLock(_ name: String) -> String { "\(main)-sender-\(name)" }

    /// Whether a name leads to one of these files, or would make one of them.
    package func contains(_ path: String) -> Bool {
        guard let resolved = try? ResolvedPath.of(path) else { return false }
        if resolved == main || Self.endings.contains(where: { resolved == main + $0 }) { return true }
        if resolved.hasPrefix(main + "-sender-") { return true }
        // Hard links have other names.
        guard let facts = FileFacts(path: resolved), facts.kind == .regular else { return false }
        return all.contains { FileFacts(path: $0)?.identity == facts.identity }
    }

    /// Whether a name leads to the database itself.
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

/// A database that SQLite has open in this process, for as long as this object lives.
///
/// POSIX locks belong to the process, and closing any descriptor of a file drops them all, SQLite's too: another process
/// may then write at the same time, and the database is lost (https://www.sqlite.org/howtocorrupt.html, 2.2). So every
/// file that is opened past SQLite is closed by ``close(_:)``.
package final class OpenDatabase: Sendable {
    private struct Use {
        var count = 0
        /// Descriptors that could not be closed meanwhile.
        var waiting: [Int32] = []
    }

    private static let open = Mutex<[DatabaseFiles: Use]>([:])
    private let files: DatabaseFiles

    /// Make it before SQLite opens the file, and keep it until SQLite has closed it.
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

    /// Closes a descriptor; if SQLite has the same file open, not before SQLite closes it.
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

/// `close`, by a name that is not a method's.
func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }
