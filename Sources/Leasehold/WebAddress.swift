import LocalFiles

/// The address of the page that a process serves for a database, in a file beside it that only its owner may read.
///
/// The address contains a token that works once, so the file always has the next one.
package struct WebAddress: Sendable {
    private let path: String

    package init(database: String) { path = DatabaseFiles(named: database).main + "-web" }

    /// The file that the serving process has locked.
    package var lockPath: String { "\(path)-lock" }

    /// The address; `nil` if there is none. It works only while the file of the lock is locked.
    package var address: String? {
        (try? InputFile.bytes(of: path)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Writes the address that works next. Without the file, the page is only harder to open again.
    package func write(_ address: String) { try? PrivateFile.replace(path, with: Array(address.utf8)) }

    package func remove() { try? PrivateFile.remove(path) }
}
