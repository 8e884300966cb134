import Foundation
import LocalFiles
import Synchronization

/// A conversation with PostgreSQL through its own program psql, which brings libpq's services, TLS and passwords.
///
/// Statements and the data of COPY go to its standard input. It ends at the first error, and when its input ends; the
/// server then rolls back what was not committed. Use it on a thread that blocks SIGPIPE.
final class PsqlSession: Sendable {
    private let process: Process
    private let input: Int32
    private let output: Int32
    private let complaints: Complaints
    private let target: PostgreSQLTarget
    private let state = Mutex(State())

    private struct State {
        /// What was read of the output and belongs to no answer yet.
        var unread: [UInt8] = []
        var isClosed = false
    }

    /// Starts psql, which connects.
    ///
    /// - Throws: ``PublishError`` if there is no psql. Whether it can connect is known from the first answer.
    init(_ target: PostgreSQLTarget, environment: [String: String]) throws(PublishError) {
        self.target = target
        guard let program = ProgramPath.find("psql", environment: environment) else {
            throw PublishError(
                kind: .configuration,
                message: "The program psql was not found. Install PostgreSQL's client (Debian: postgresql-client).")
        }
        process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        // No psqlrc, no prompt for a password, bare values, and the end at the first error.
        process.arguments = [
            "-X", "-w", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse", "-d",
            target.connection(environment: environment),
        ]
        var variables = environment
        variables["PGCLIENTENCODING"] = "UTF8"
        if variables["PGCONNECT_TIMEOUT"] == nil { variables["PGCONNECT_TIMEOUT"] = "15" }
        variables["PGAPPNAME"] = "leasehold"
        // Messages are recognized by their words.
        variables["LC_MESSAGES"] = "C"
        variables["LC_ALL"] = nil
        process.environment = variables
        let (inputPipe, outputPipe, errorPipe) = (Pipe(), Pipe(), Pipe())
        process.standardInput = inputPipe
        process.standardOutput = outputPipe
        process.standardError = errorPipe
        do {
            try process.run()
        } catch {
            throw PublishError(
                kind: .configuration, message: "\(program) cannot be started: \(error.localizedDescription)")
        }
        // The pipes close their descriptors when they are released, so these are copies that no child inherits.
        input = fcntl(inputPipe.fileHandleForWriting.fileDescriptor, F_DUPFD_CLOEXEC, 0)
        output = fcntl(outputPipe.fileHandleForReading.fileDescriptor, F_DUPFD_CLOEXEC, 0)
        let errors = fcntl(errorPipe.fileHandleForReading.fileDescriptor, F_DUPFD_CLOEXEC, 0)
        try? inputPipe.fileHandleForWriting.close()
        try? outputPipe.fileHandleForReading.close()
        try? errorPipe.fileHandleForReading.close()
        complaints = Complaints(descriptor: errors)
    }

    /// Ends psql at once, from any thread. What was not committed is rolled back.
    func stop() {
        if process.isRunning { process.terminate() }
    }

    /// Ends the conversation.
    func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        systemClose(input)
        systemClose(output)
        process.waitUntilExit()
    }

    // MARK: - Talking

    /// Sends statements or data.
    ///
    /// - Throws: ``PublishError`` if psql has ended.
    func send(_ text: String) throws(PublishError) { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws(PublishError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { systemWrite(input, UnsafeRawBufferPointer(rebasing: $0[written...])) }
            if count >= 0 { written += count } else if errno != EINTR { throw failure() }
        }
    }

    /// Sends statements, and waits until they are done.
    ///
    /// - Returns: the lines that they print.
    /// - Throws: ``PublishError``.
    @discardableResult
    func ask(_ sql: String) throws(PublishError) -> [String] {
        let end = "leasehold-\(UInt64.random(in: .min ... .max))"
        try send("\(sql)\n\\echo \(end)\n")
        var lines: [String] = []
        while true {
            guard let line = readLine() else { throw failure() }
            if line == end { return lines }
            lines.append(line)
        }
    }

    private func readLine() -> String? {
        while true {
            let line = state.withLock { state -> String? in
                guard let end = state.unread.firstIndex(of: 0x0A) else { return nil }
                defer { state.unread.removeFirst(end + 1) }
                return String(decoding: state.unread[..<end], as: UTF8.self)
            }
            if let line { return line }
            var part = [UInt8](repeating: 0, count: 8_192)
            let count = systemRead(output, &part)
            if count > 0 {
                let new = part.prefix(count)
                state.withLock { $0.unread += new }
            } else if count == 0 || errno != EINTR {
                return nil
            }
        }
    }

    // MARK: - Failures

    /// Why psql has ended.
    private func failure() -> PublishError {
        close()
        return Self.failure(complaints.text(), status: process.terminationStatus, target: target)
    }

    /// What psql's complaint means.
    static func failure(_ complaint: String, status: Int32, target: PostgreSQLTarget) -> PublishError {
        let lines = complaint.split(separator: "\n").map(String.init)
        let line = lines.first { $0.contains("ERROR:") || $0.contains("FATAL:") } ?? lines.first ?? ""
        var words = line
        for mark in ["ERROR:", "FATAL:", "error:"] {
            if let range = words.firstRange(of: mark) { words = String(words[range.upperBound...]) }
        }
        words = words.trimmingCharacters(in: .whitespaces)
        let name = target.name
        if words.isEmpty { words = status == 0 ? "the connection ended" : "psql ended with status \(status)" }
        func says(_ parts: String...) -> Bool { parts.contains { complaint.contains($0) } }
        if says("definition of service") || says("service file") {
            return PublishError(
                kind: .configuration,
                message: "PostgreSQL's client says: \(words). Services are in ~/.pg_service.conf (or PGSERVICEFILE).")
        }
        if says("no password supplied", "authentication failed", "no pg_hba.conf entry", "does not exist")
            && status == 2
        {
            return PublishError(
                kind: .refused, message: "\(name) refuses the connection: \(words). Check user, database and ~/.pgpass."
            )
        }
        if says("lock timeout") {
            return PublishError(
                kind: .unreachable,
                message: """
                    \(name) is locked: another process has been publishing for a minute, or a reader holds what must \
                    change (\(words)). Nothing was published; try again later.
                    """)
        }
        if says("permission denied") {
            return PublishError(
                kind: .refused, message: "\(name) refuses: \(words). Ask its owner for CREATE on the database.")
        }
        if status == 3, !says("connection to server was lost", "terminating connection") {
            return PublishError(kind: .refused, message: "\(name) refuses: \(words).")
        }
        return PublishError(
            kind: .unreachable,
            message: "\(name) cannot be reached: \(words). What was not committed is undone; try again.")
    }
}

/// What psql writes to its standard error. It is read all the time, so that psql never waits for a reader.
private final class Complaints: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    private let end = DispatchSemaphore(value: 0)
    /// How much is kept.
    private static let keptBytes = 64 << 10

    init(descriptor: Int32) {
        let thread = Thread { [self] in
            var part = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = systemRead(descriptor, &part)
                if count > 0 {
                    let new = part.prefix(count)
                    bytes.withLock { if $0.count < Self.keptBytes { $0 += new } }
                } else if count == 0 || errno != EINTR {
                    break
                }
            }
            systemClose(descriptor)
            end.signal()
        }
        thread.name = "leasehold.psql"
        thread.start()
    }

    /// All of it, once psql has ended.
    func text() -> String {
        _ = end.wait(timeout: .now() + 10)
        return String(decoding: bytes.withLock { $0 }, as: UTF8.self)
    }
}

// Separate names are needed, because the methods hide the system's functions.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
private func systemRead(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Int { read(descriptor, &bytes, bytes.count) }
private func systemClose(_ descriptor: Int32) { _ = close(descriptor) }
