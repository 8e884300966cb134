import Foundation

/// A program that every system has: gzip and sha256sum. They are used instead of libraries, because both are in every
/// Debian (gzip and coreutils are essential packages) and nothing else here compresses.
struct SystemProgram: Sendable {
    private let path: String
    private let environment: [String: String]

    /// Finds the first program of some names.
    ///
    /// - Throws: ``PublishError`` of kind `configuration` if there is none.
    init(_ names: String..., environment: [String: String]) throws(PublishError) {
        let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        let found = names.lazy.flatMap { name in folders.map { "\($0)/\(name)" } }
            .first(where: FileManager.default.isExecutableFile)
        guard let found else {
            throw PublishError(
                kind: .configuration, message: "The program \(names[0]) was not found in PATH. Install it.")
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

    /// The SHA-256 of a file, in hexadecimal digits.
    static func sha256(of path: String, environment: [String: String]) throws -> String {
        let program = try SystemProgram("sha256sum", "shasum", environment: environment)
        var text: [UInt8] = []
        let isShasum = program.path.hasSuffix("shasum")
        try program.run((isShasum ? ["-a", "256"] : []) + ["--", path]) { text += $0 }
        // A name with a backslash or a line break gets a backslash before the digest.
        let digest = String(decoding: text, as: UTF8.self).drop { $0 == "\\" }.prefix(64)
        guard digest.utf8.count == 64 else {
            throw PublishError(kind: .data, message: "\(program.path) gave no digest of \(path).")
        }
        return String(digest)
    }
}
