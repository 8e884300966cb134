import Foundation
import LocalFiles

/// The file that holds the database, and its folder.
package enum StoreFile {
    /// The default path: `$LEASEHOLD_DB`, or else `$XDG_DATA_HOME/leasehold/leasehold.sqlite`.
    package static func defaultPath(environment: [String: String]) -> String {
        if let path = environment["LEASEHOLD_DB"], !path.isEmpty { return path }
        let data = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let home = environment["HOME"] ?? NSHomeDirectory()
        return "\(data ?? "\(home)/.local/share")/leasehold/leasehold.sqlite"
    }

    /// Creates the folder (mode 0700) and the file (mode 0600) if they are missing. Leases reveal who works on what, so
    /// no one else may read them.
    ///
    /// - Returns: the file that the path leads to.
    static func prepare(_ path: String) throws(StoreError) -> DatabaseFiles {
        let files = try locate(path)
        guard FileFacts(path: files.main) == nil else {
            try requireUsable(files, named: path)
            return files
        }
        do {
            return try make(path)
        } catch  where error == .system(EEXIST) {
            // Another process was faster.
            try requireUsable(files, named: path)
            return files
        } catch {
            throw StoreError(
                kind: error == .system(ENOSPC) ? .diskFull : .cannotOpen,
                message:
                    "The database \(path) cannot be created (\(error.clause)). Choose another file with --db.")
        }
    }

    /// Creates an empty database in a new file.
    static func makeNew(_ path: String) throws(StoreError) {
        do {
            _ = try make(path)
        } catch  where error == .system(EEXIST) {
            throw StoreError(kind: .cannotOpen, message: "\(path) exists already. Name a new file.")
        } catch {
            throw StoreError(
                kind: error == .system(ENOSPC) ? .diskFull : .cannotOpen,
                message: "\(path) cannot be created (\(error.clause)). Name another file.")
        }
    }

    /// Finds a database that must exist.
    ///
    /// - Returns: the file that the path leads to.
    static func requireExisting(_ path: String) throws(StoreError) -> DatabaseFiles {
        let files = try locate(path)
        guard FileFacts(path: files.main) != nil else {
            throw StoreError(
                kind: .missing,
                message:
                    "There is no database at \(path) yet. Make one with `leasehold sync`, or name another with --db.")
        }
        try requireUsable(files, named: path)
        return files
    }

    private static func locate(_ path: String) throws(StoreError) -> DatabaseFiles {
        do {
            return DatabaseFiles(main: try ResolvedPath.of(path))
        } catch {
            throw StoreError(
                kind: .cannotOpen,
                message: "The database '\(path)' cannot be opened: \(error.clause). Name a file with --db.")
        }
    }

    /// SQLite would wait for a pipe forever, and mistake a folder beside the file for someone's lock.
    private static func requireUsable(_ files: DatabaseFiles, named path: String) throws(StoreError) {
        if let kind = FileFacts(path: files.main)?.kind, kind != .regular {
            throw StoreError(kind: .cannotOpen, message: "\(path) is \(kind.name). Name a file with --db.")
        }
        for ending in DatabaseFiles.endings {
            guard let kind = FileFacts(path: files.main + ending)?.kind, kind != .regular else { continue }
            throw StoreError(
                kind: .cannotOpen,
                message: """
                    \(files.main)\(ending) is \(kind.name), but SQLite needs this path for the database. Move it away, \
                    or choose another database with --db.
                    """)
        }
    }

    private static func make(_ path: String) throws(FileProblem) -> DatabaseFiles {
        let folder = (try ResolvedPath.of(path) as NSString).deletingLastPathComponent
        if FileFacts(path: folder) == nil { try makeFolder(folder) }
        // The new folder may lie behind a link.
        let files = DatabaseFiles(main: try ResolvedPath.of(path))
        // SQLite would make the file readable for everyone; -wal and -shm take its permissions.
        try OutputFile.makeEmpty(files.main, permissions: 0o600)
        return files
    }

    private static func makeFolder(_ folder: String) throws(FileProblem) {
        let parent = (folder as NSString).deletingLastPathComponent
        if !parent.isEmpty, parent != folder, FileFacts(path: parent) == nil { try makeFolder(parent) }
        // Another process may have made it meanwhile.
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw .last }
    }
}

extension StoreFile {
    /// Copies a database, including what its last writers left beside it, without touching it. SQLite itself would
    /// create files beside a database in write-ahead mode, or fail where it may only read.
    ///
    /// - Parameters:
    ///   - original: the file.
    ///   - copy: the new file, which must not exist.
    /// - Throws: ``StoreError`` if the original cannot be read, or keeps changing.
    static func copyDatabase(_ original: String, to copy: String) throws(StoreError) {
        // SQLite keeps its other files beside the target of a link.
        let source = try requireExisting(original).main
        // The write-ahead log, and the journal of an unfinished write.
        let endings = ["", "-wal", "-journal"]
        for _ in 0..<2 {
            let before = endings.map { FileFacts(path: source + $0) }
            for (ending, facts) in zip(endings, before) {
                try? FileManager.default.removeItem(atPath: copy + ending)
                if facts != nil { try copyFile(source + ending, to: copy + ending, of: original) }
            }
            if endings.map({ FileFacts(path: source + $0) }) == before { return }
        }
        throw StoreError(
            kind: .busy,
            message: """
                \(original) changed while it was copied. Try again when nobody is syncing it, or use a copy made by \
                `leasehold db backup`.
                """)
    }

    private static func copyFile(_ source: String, to target: String, of original: String) throws(StoreError) {
        var input: InputFile
        do {
            input = try InputFile(path: source)
        } catch {
            // If the file has vanished, the comparison below will notice.
            if error == .missing { return }
            throw StoreError(
                kind: .cannotOpen,
                message: "\(original) cannot be read (\(error.clause)). Check the permissions of \(source).")
        }
        do {
            let output = try OutputFile(new: target, permissions: 0o600)
            while true {
                let bytes = try input.read(upTo: 1 << 20)
                guard !bytes.isEmpty else { break }
                try output.write(bytes)
            }
            try output.finish()
        } catch {
            throw StoreError(
                kind: error == .system(ENOSPC) ? .diskFull : .cannotOpen,
                message: "A copy of \(original) cannot be created: \(error.clause).")
        }
    }
}
