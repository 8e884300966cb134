import Foundation
import LocalFiles

/// A folder beside a database, for copies of it that nobody else may see.
///
/// Its user holds a lock in it. A folder whose lock is free belongs to a process that was killed, and the next process
/// removes it. The folder goes when this value does.
struct WorkFolder: ~Copyable {
    let path: String
    private let lock: LockFile

    private static let lockName = "lock"
    private static let maxAttempts = 8

    /// Makes a folder.
    ///
    /// - Parameter database: the database.
    /// - Throws: ``PublishError`` of kind `database`.
    init(beside database: DatabaseFiles) throws(PublishError) {
        let prefix = "\(database.main)-snapshot-"
        Self.removeAbandoned(prefix)
        for _ in 0..<Self.maxAttempts {
            let path = prefix + UUID().uuidString.lowercased()
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            } catch {
                throw PublishError(
                    kind: .database,
                    message: "No copy can be made beside \(database.main): \(error.localizedDescription)")
            }
            // Another process may take the folder for an abandoned one before it is locked.
            guard let lock = Self.lock(in: path), FileFacts(path: "\(path)/\(Self.lockName)") != nil else { continue }
            self.path = path
            self.lock = lock
            return
        }
        throw PublishError(kind: .database, message: "No copy can be made beside \(database.main): try again.")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private static func lock(in path: String) -> LockFile? {
        do {
            return try LockFile(path: "\(path)/\(lockName)")
        } catch {
            return nil
        }
    }

    private static func removeAbandoned(_ prefix: String) {
        let manager = FileManager.default
        let (folder, start) = ((prefix as NSString).deletingLastPathComponent, (prefix as NSString).lastPathComponent)
        for name in (try? manager.contentsOfDirectory(atPath: folder)) ?? [] where name.hasPrefix(start) {
            let path = "\(folder)/\(name)"
            guard FileFacts(path: path)?.kind == .folder, let lock = lock(in: path) else { continue }
            try? manager.removeItem(atPath: path)
            _ = consume lock
        }
    }
}
