import LeaseStore
import LocalFiles

/// The right to send a scope's mutations, held by one process, and one task in it, at a time: a lock on a file beside
/// the database, whatever name the database was opened by.
struct SenderLock: ~Copyable {
    private let lock: LockFile

    /// Takes the lock; `nil` if somebody else has it.
    ///
    /// - Throws: ``StoreError`` if there can be no lock, so that nothing may be sent.
    init?(database files: DatabaseFiles, scope: Int64) throws(StoreError) {
        let path = files.senderLock(scope: scope)
        do {
            guard let lock = try LockFile(path: path) else { return nil }
            self.lock = lock
        } catch {
            throw StoreError(
                kind: .cannotOpen,
                message: """
                    Nothing can be sent, as the lock \(path) cannot be taken (\(error.clause)). Move away what has its \
                    name, or check the permissions of the folder.
                    """)
        }
    }
}
