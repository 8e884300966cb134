import Foundation
import LeaseModel

/// The file that a report goes to.
enum ReportFile {
    /// Lets something write to a file, or to standard output if none is named.
    ///
    /// The file takes its name once it is whole: whoever has an older one keeps it if anything fails.
    static func write(to path: String?, _ console: inout Console, _ body: (inout Console) throws -> Void) throws {
        guard let path else { return try body(&console) }
        let full = path.hasPrefix("/") ? path : "\(console.currentDirectory)/\(path)"
        let partial = "\(full).\(getpid()).part"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path) }
        var inner = console
        inner.output = FileSink(descriptor: descriptor)
        inner.outputTerminal = .none
        do {
            try body(&inner)
            try inner.output.flush()
        } catch {
            close(descriptor)
            unlink(partial)
            throw error
        }
        console.errors = inner.errors
        guard close(descriptor) == 0, rename(partial, full) == 0 else {
            let error = failure(path)
            unlink(partial)
            throw error
        }
    }

    private static func failure(_ path: String) -> CommandError {
        CommandError(
            code: "output",
            message: "\(path) cannot be written: \(String(cString: strerror(errno))). Name another file with -o.",
            status: .outputFailed)
    }
}
