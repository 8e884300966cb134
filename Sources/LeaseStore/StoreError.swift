import GRDB

/// Why the database cannot be used.
package struct StoreError: Error, Sendable, Hashable {
    package enum Kind: String, Sendable {
        case missing
        case notADatabase = "not_a_database"
        case foreign
        case newer
        /// Written by a program from before the first release.
        case unreleased
        case readOnly = "read_only"
        case cannotOpen = "cannot_open"
        case diskFull = "disk_full"
        case busy
        case damaged
        /// The new data contradicts what is known, or itself.
        case invalid
        case failed
    }

    package let kind: Kind
    /// One sentence: what failed, where, and what to do.
    package let message: String

    package init(kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }

    /// Describes SQLite's error in a sentence, without the SQL and its arguments.
    package init(_ error: any Error, path: String) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(kind: .failed, message: "The database \(path) cannot be used: \(error)")
            return
        }
        let kind: Kind
        let sentence: String
        switch error.resultCode {
        case .SQLITE_NOTADB:
            kind = .notADatabase
            sentence = "\(path) is not a SQLite database. Choose another file with --db, or move this one away."
        case .SQLITE_CORRUPT:
            kind = .damaged
            sentence = """
                The database \(path) is damaged. Copy it away, restore a copy made by `leasehold db backup`, \
                or save what can be read with `sqlite3 \(path) .recover`.
                """
        case .SQLITE_FULL:
            kind = .diskFull
            sentence = "The disk that holds \(path) is full. Nothing was changed; make room and try again."
        case .SQLITE_READONLY, .SQLITE_PERM:
            kind = .readOnly
            sentence = "\(path) cannot be written. Check the permissions of the file and of its folder, or use --db."
        case .SQLITE_CANTOPEN:
            kind = .cannotOpen
            sentence = "\(path) cannot be opened. Check that its folder exists and that you may read and write there."
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            kind = .busy
            sentence = "Another program keeps \(path) locked. Try again in a moment."
        case .SQLITE_IOERR:
            kind = .failed
            sentence = "Reading or writing \(path) failed (\(error.message ?? "input/output error")). Check the disk."
        default:
            kind = .failed
            sentence = "The database \(path) refused: \(error.message ?? "error \(error.resultCode.rawValue)")."
        }
        self.init(kind: kind, message: sentence)
    }
}
