import Foundation
import LocalFiles

/// A program that every system has, such as gzip: it is an essential package of Debian, and nothing else here compresses.
struct SystemProgram: Sendable {
    private let path: String
    private let environment: [String: String]

    /// Finds the program.
    ///
    /// - Throws: ``PublishError`` of kind `configuration` if there is none.
    init(_ name: String, environment: [String: String]) throws(PublishError) {
        guard let found = ProgramPath.find(name, environment: environment) else {
            throw PublishError(kind: .configuration, message: "The program \(name) was not found in PATH. Install it.")
        }
        path = found
        self.environment = environment
    }

    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - arguments: the arguments.
    ///   - sink: takes what it writes, part by part; what it throws ends the program.
    /// - Throws: ``PublishError``, with what the program complains about.
    func run(_ arguments: [String], _ sink: ([UInt8]) throws -> Void = { _ in }) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        do {
            try process.run()
        } catch {
            throw PublishError(
                kind: .configuration, message: "\(path) cannot be started: \(error.localizedDescription)")
        }
        do {
            while let part = try output.fileHandleForReading.read(upToCount: 1 << 20), !part.isEmpty {
                try sink(Array(part))
            }
        } catch {
            process.terminate()
            process.waitUntilExit()
            throw error
        }
        // These programs complain in a line or two, which fit into the pipe.
        let complaint = (try? errors.fileHandleForReading.read(upToCount: 4_096)) ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let words = String(decoding: complaint, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
            throw PublishError(
                kind: .data, message: "\(path) ended with status \(process.terminationStatus): \(words)")
        }
    }
}
