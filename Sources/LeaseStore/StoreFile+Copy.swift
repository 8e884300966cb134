import Foundation

extension StoreFile {
    /// Copies a database, with what its last writers left beside it, without touching it: SQLite itself would make files
    /// beside one in write-ahead mode, or could not where it may only read.
    ///
    /// - Parameters:
    ///   - original: the file.
    ///   - copy: where to; must not be there.
    /// - Throws: ``StoreError`` if it cannot be read, or is being written all the time.
    static func copyDatabase(_ original: String, to copy: String) throws(StoreError) {
        try requireExisting(original)
        // SQLite puts its other files beside the one that a link leads to.
        let source = URL(fileURLWithPath: original).resolvingSymlinksInPath().path
        // A write-ahead log, or what undoes a write that was not finished.
        let endings = ["", "-wal", "-journal"]
        for _ in 0..<2 {
            let before = endings.map { State(source + $0) }
            for (ending, state) in zip(endings, before) {
                try? FileManager.default.removeItem(atPath: copy + ending)
                if state != nil { try copyFile(source + ending, to: copy + ending, of: original) }
            }
            if endings.map({ State(source + $0) }) == before { return }
        }
        throw StoreError(
            kind: .busy,
            message: """
                \(original) was written while it was copied. Try again when nobody syncs there, or take a copy made by \
                `leasehold db backup`.
                """)
    }

    private static func copyFile(_ source: String, to target: String, of original: String) throws(StoreError) {
        try prepare(target)
        guard let input = FileHandle(forReadingAtPath: source), let output = FileHandle(forWritingAtPath: target) else {
            // One that went meanwhile is a change, which is looked for afterwards.
            if State(source) == nil { return }
            throw StoreError(
                kind: .cannotOpen, message: "\(original) cannot be read. Check the permissions of \(source).")
        }
        defer {
            try? input.close()
            try? output.close()
        }
        do {
            while let bytes = try input.read(upToCount: 1 << 20), !bytes.isEmpty { try output.write(contentsOf: bytes) }
        } catch {
            throw StoreError(
                kind: .cannotOpen, message: "A copy of \(original) cannot be made: \(error.localizedDescription).")
        }
    }

    /// What changes when a file is written.
    private struct State: Equatable {
        let size: Int
        let seconds: Int
        let nanoseconds: Int

        /// `nil` if there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            size = Int(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }
}
