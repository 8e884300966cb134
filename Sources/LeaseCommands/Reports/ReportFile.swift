import LocalFiles
import Output

/// The file to which a report is written.
enum ReportFile {
    /// Opens a file for the body to write to; without a path, the body writes to standard output.
    ///
    /// The file gets its name only when it is complete. If anything fails, an older file with that name is kept.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - database: the path of the database, whose files are never replaced.
    ///   - console: provides standard output.
    ///   - body: writes the report.
    /// - Throws: ``CommandError`` if the file cannot be written, or the body's error.
    static func write(
        to path: String?, database: String, _ console: inout Console, _ body: (inout Console) throws -> Void
    ) throws {
        guard let path else { return try body(&console) }
        let full = path.hasPrefix("/") ? path : "\(console.currentDirectory)/\(path)"
        let file: OutputFile
        do {
            file = try OutputFile(path: full, besides: DatabaseFiles(named: database))
        } catch {
            throw failure(path, error)
        }
        var inner = console
        inner.output = FileSink(descriptor: file.descriptor)
        inner.outputTerminal = .none
        do {
            try body(&inner)
            try inner.output.flush()
        } catch {
            file.discard()
            throw error
        }
        console.errors = inner.errors
        do {
            try file.finish()
        } catch {
            throw failure(path, error)
        }
    }

    private static func failure(_ path: String, _ problem: FileProblem) -> CommandError {
        if case .database = problem {
            return .usage("\(path) cannot be replaced: \(problem.clause). Name another file with -o.")
        }
        return CommandError(
            code: "output", message: "\(path) cannot be written: \(problem.clause). Name another file with -o.",
            status: .outputFailed)
    }
}
