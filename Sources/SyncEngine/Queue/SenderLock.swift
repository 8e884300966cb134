import Foundation

/// The right to send a scope's mutations, held by one process, and one task in it, at a time.
///
/// A lock of the kernel's on a file beside the database (flock(2)): it goes with its holder, however that ends.
struct SenderLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock; `nil` if somebody else has it, or the file cannot be made.
    init?(database path: String, scope: Int64) {
        let file = open("\(path)-sender-\(scope)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return nil }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            return nil
        }
        descriptor = file
    }

    deinit { close(descriptor) }
}
