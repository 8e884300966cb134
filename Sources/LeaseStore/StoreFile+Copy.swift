import Foundation
import LocalFiles

extension StoreFile {
    /// Copies a database, with what its last writers left beside it, without touching it: SQLite itself would make files
    /// beside one in write-ahead mode, or could not where it may only read.
    ///
    /// - Parameters:
    ///   - original: the file.
    ///   - copy: where to; must not be there.
    /// - Throws: ``StoreError`` if it cannot be read, or is being written all the time.
    static func copyDatabase(_ original: String, to copy: String) throws(StoreError) {
        // SQLite puts its other files beside the one that a link leads to.
        let source = try requireExisting(original).main
        // A write-ahead log, or what undoes a write that was not finished.
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
                \(original) was written while it was copied. Try again when nobody syncs there, or take a copy made by \
                `leasehold db backup`.
                """)
    }

    private static func copyFile(_ source: String, to target: String, of original: String) throws(StoreError) {
        var input: InputFile
        do {
            input = try InputFile(path: source)
        } catch {
            // One that went meanwhile is a change, which is looked for afterwards.
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
                message: "A copy of \(original) cannot be made: \(error.clause).")
        }
    }
}
