import Foundation
import LocalFiles

/// The file that holds the database, and its folder.
package enum StoreFile {
    /// Where the database is unless a person says otherwise: `$XDG_DATA_HOME/leasehold/leasehold.sqlite`.
    package static func defaultPath(environment: [String: String]) -> String {
        if let path = environment["LEASEHOLD_DB"], !path.isEmpty { return path }
        let data = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let home = environment["HOME"] ?? NSHomeDirectory()
        return "\(data ?? "\(home)/.local/share")/leasehold/leasehold.sqlite"
    }

    /// Makes the folder (mode 0700) and the file (0600) if they are missing: leases tell who works on what.
    ///
    /// - Returns: the file that the name leads to.
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
                    "The database \(path) cannot be made (\(error.clause)). Choose another file with --db.")
        }
    }

    /// Makes an empty database that was not there.
    static func makeNew(_ path: String) throws(StoreError) {
        do {
            _ = try make(path)
        } catch  where error == .system(EEXIST) {
            throw StoreError(kind: .cannotOpen, message: "\(path) exists already. Name a new file.")
        } catch {
            throw StoreError(
                kind: error == .system(ENOSPC) ? .diskFull : .cannotOpen,
                message: "\(path) cannot be made (\(error.clause)). Name another file.")
        }
    }

    /// A database that must be there.
    ///
    /// - Returns: the file that the name leads to.
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

    /// SQLite would wait for ever for a pipe, and take a folder beside the file for a lock of somebody's.
    private static func requireUsable(_ files: DatabaseFiles, named path: String) throws(StoreError) {
        if let kind = FileFacts(path: files.main)?.kind, kind != .regular {
            throw StoreError(kind: .cannotOpen, message: "\(path) is \(kind.name). Name a file with --db.")
        }
        for ending in DatabaseFiles.endings {
            guard let kind = FileFacts(path: files.main + ending)?.kind, kind != .regular else { continue }
            throw StoreError(
                kind: .cannotOpen,
                message: """
                    \(files.main)\(ending) is \(kind.name), where SQLite keeps a file of the database. Move it away, or \
                    choose another database with --db.
                    """)
        }
    }

    private static func make(_ path: String) throws(FileProblem) -> DatabaseFiles {
        let folder = (try ResolvedPath.of(path) as NSString).deletingLastPathComponent
        if FileFacts(path: folder) == nil { try makeFolder(folder) }
        // A new folder may lie behind a link.
        let files = DatabaseFiles(main: try ResolvedPath.of(path))
        // SQLite would make it readable for all; its -wal and -shm take the permissions of this one.
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
