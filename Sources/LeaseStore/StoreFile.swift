import Foundation

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
    static func prepare(_ path: String) throws(StoreError) {
        let folder = (path as NSString).deletingLastPathComponent
        let manager = FileManager.default
        if !folder.isEmpty, !manager.fileExists(atPath: folder) {
            do {
                try manager.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw StoreError(
                    kind: .cannotOpen,
                    message: "The folder \(folder) cannot be made (\(reason(error))). Choose another file with --db.")
            }
        }
        var isFolder: ObjCBool = false
        if manager.fileExists(atPath: path, isDirectory: &isFolder) {
            guard !isFolder.boolValue else {
                throw StoreError(kind: .cannotOpen, message: "\(path) is a folder. Name a file with --db.")
            }
            return
        }
        // SQLite would make it readable for all; its -wal and -shm take the permissions of this one.
        let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw StoreError(
                kind: errno == ENOSPC ? .diskFull : .cannotOpen,
                message: "The database \(path) cannot be made (\(reason)). Choose another file with --db.")
        }
        close(descriptor)
    }

    static func requireExisting(_ path: String) throws(StoreError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw StoreError(
                kind: .missing,
                message:
                    "There is no database at \(path) yet. Make one with `leasehold sync`, or name another with --db.")
        }
        guard !isFolder.boolValue else {
            throw StoreError(kind: .cannotOpen, message: "\(path) is a folder. Name a file with --db.")
        }
    }

    private static func reason(_ error: any Error) -> String {
        (error as NSError).userInfo[NSUnderlyingErrorKey].map { "\(($0 as? NSError)?.localizedDescription ?? "")" }
            ?? error.localizedDescription
    }
}
