import LocalFiles
import Output

/// The file that a report goes to.
enum ReportFile {
    /// Lets something write to a file, or to standard output if none is named.
    ///
    /// The file takes its name once it is whole: whoever has an older one keeps it if anything fails.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - database: the path of the database, whose files are never replaced.
    ///   - console: what the report would be written to without a file.
    ///   - body: writes the report.
    /// - Throws: ``CommandError`` if the file cannot be written, or what `body` throws.
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
            return .usage("\(path) is not written to: \(problem.clause). Name another file with -o.")
        }
        return CommandError(
            code: "output", message: "\(path) cannot be written: \(problem.clause). Name another file with -o.",
            status: .outputFailed)
    }
}
