import LeaseModel
import LeaseStore
import LocalFiles

/// The right to send the mutations of a site and project, held by one process, and one task in it, at a time: a lock on
/// a file beside the database, whatever name the database was opened by.
struct SenderLock: ~Copyable {
    private let lock: LockFile

    /// Takes the lock; `nil` if somebody else has it.
    ///
    /// - Throws: ``StoreError`` if there can be no lock, so that nothing may be sent.
    init?(database files: DatabaseFiles, address: QueueAddress) throws(StoreError) {
        let path = files.senderLock("\(address.siteID)-\(Self.fileName(address.projectID))")
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

    /// A project's id as part of a file's name, whatever Keystone puts there.
    private static func fileName(_ id: String) -> String {
        let plain = id.utf8.map { byte in
            let isPlain = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            return isPlain ? String(UnicodeScalar(byte)) : "%" + String(byte, radix: 16, uppercase: true)
        }.joined()
        return String(plain.prefix(120))
    }
}
